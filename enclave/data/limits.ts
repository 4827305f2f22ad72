/** Bounds of a dataset; all are checked before the memory is taken. */
export const DATASET_LIMITS = {
  fileBytes: 256 * 1024 * 1024,
  rows: 5_000_000,
  /** A record of NDJSON, or a row of CSV. */
  recordBytes: 1024 * 1024,
  /** A text cell. */
  cellBytes: 65_536,
} as const;

export type DatasetLimits = { readonly [K in keyof typeof DATASET_LIMITS]: number };
