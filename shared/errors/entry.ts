/** Where in the way of a call a failure belongs. */
export type Stage =
  | 'config'
  | 'transport'
  | 'handshake'
  | 'attestation'
  | 'guardian'
  | 'sandbox'
  | 'egress'
  | 'receipt'
  | 'image';

/** One row of the table of error codes; `docs/errors.md` is written from it. */
export interface ErrorEntry {
  readonly stage: Stage;
  /** Exit code of the command line, see `EXIT`. */
  readonly exit: number;
  /** What happened, as one sentence. */
  readonly cause: string;
  /** What the reader can do, as one sentence. */
  readonly remedy: string;
}
