/** What the process that draws mutants and the one that runs tests tell each other, as files. */
import { appendFileSync, readFileSync } from 'node:fs';
import type { Numbered } from './instrument.ts';

export interface Plan {
  /** Of the checkout. */
  readonly root: string;
  /** By file, relative to the root. */
  readonly files: Readonly<Record<string, readonly Numbered[]>>;
  /** Numbers to try; others stay asleep. */
  readonly wanted: readonly number[];
  /** Active from the start on, while modules load; 0: none, each wanted one is tried in turn. */
  readonly active: number;
  /** Tests that take more CPU time by themselves are not repeated for each mutant, ms. */
  readonly repeatMs: number;
  /** Files of tests in the order in which they are to run. */
  readonly tests: readonly string[];
  readonly log: string;
}

/** One line of the log each. */
export type Line =
  /** Met while modules load or in a hook, by no test in particular. */
  | { readonly type: 'outside'; readonly ids: readonly number[] }
  | {
      readonly type: 'met';
      readonly ids: readonly number[];
      readonly test: string;
      readonly ms: number;
    }
  /** Met by a test that was not repeated: too slow, or it fails or does less the second time. */
  | { readonly type: 'left'; readonly ids: readonly number[]; readonly why: 'slow' | 'once' }
  | { readonly type: 'trying'; readonly id: number }
  | { readonly type: 'killed'; readonly id: number; readonly test: string; readonly how: string }
  /** The test fails without the mutant, too, since: what was seen may be of an earlier one. */
  | { readonly type: 'spoilt'; readonly id: number }
  | { readonly type: 'file'; readonly file: string; readonly ms: number };

export const PLAN_VARIABLE = 'NMP_MUTATION_PLAN';

export function readPlan(): Plan {
  const path = process.env[PLAN_VARIABLE];
  if (path === undefined) throw new Error(`${PLAN_VARIABLE} names no plan`);
  return JSON.parse(readFileSync(path, 'utf8'));
}

export const tell = (plan: Plan, line: Line): void =>
  appendFileSync(plan.log, `${JSON.stringify(line)}\n`);
