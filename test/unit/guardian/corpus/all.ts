import type { Case } from './case.ts';
import { FEATURES, INVALID, MALFORMED, VALID } from './grammar.ts';
import { GUESSES, SECRETS } from './heuristics.ts';
import { EXPORTS, IMPORTS, PREVIEW1_CASES } from './imports.ts';
import { LIMITS } from './limits.ts';
import { CALLS, FLOATS, LOOPS } from './mathematics.ts';

/** The hand-written corpus by theme. */
export const CORPUS: Readonly<Record<string, readonly Case[]>> = {
  malformed: MALFORMED,
  invalid: INVALID,
  features: FEATURES,
  valid: VALID,
  'preview 1': PREVIEW1_CASES,
  imports: IMPORTS,
  exports: EXPORTS,
  limits: LIMITS,
  loops: LOOPS,
  calls: CALLS,
  floats: FLOATS,
  secrets: SECRETS,
  guesses: GUESSES,
};
