/** The closed sets of codes that a verdict uses. Codes are stable: policies and tests name them. */

/**
 * What can refuse a module. ENTROPY, EMBEDDED_EXECUTABLE,
 * MINING_HEURISTIC and NAME_SECTION are guesses and only ever flag.
 */
const REASONS = [
  'MALFORMED',
  'INVALID',
  'FEATURE',
  'IMPORT_MODULE',
  'IMPORT_NAME',
  'IMPORT_TYPE',
  'IMPORT_KIND',
  'IMPORT_COUNT',
  'CAPABILITY',
  'MEMORY_LIMIT',
  'TABLE_LIMIT',
  'FUNCTION_LIMIT',
  'TYPE_LIMIT',
  'LOCALS',
  'NESTING',
  'CUSTOM_SECTION',
  'EXPORT_MISSING',
  'EXPORT_TYPE',
  'EXPORT_KIND',
  'SEGMENT_BOUNDS',
  'START_FUNCTION',
  'SECRET',
  'STACK',
  'COST',
  'ENTROPY',
  'EMBEDDED_EXECUTABLE',
  'MINING_HEURISTIC',
  'NAME_SECTION',
  'PARSER_DISAGREEMENT',
] as const;

/** What a verdict states without refusing. */
const FLAGS = [
  'PURE',
  'COST_BOUNDED',
  'COST_UNBOUNDED',
  'STACK_BOUNDED',
  'STACK_UNBOUNDED',
  'DEAD_CODE',
  'FLOAT_NAN',
  'HIGH_ENTROPY_DATA',
] as const;

export type Reason = (typeof REASONS)[number];
export type Flag = (typeof FLAGS)[number] | Reason;

/** Collects findings; a code once added stays. */
export interface Findings {
  readonly reasons: Set<Reason>;
  readonly flags: Set<Flag>;
}
