/**
 * The seam to proving. The STARK prover is a program of its own (`prover-process.ts`), so that
 * its end, whatever the reason, costs a proof and nothing else.
 */

/**
 * Segments of one receipt, as many as the verifier takes: each 12 s of two cores with AVX-512, 2.5
 * minutes without vectors.
 */
export const SEGMENTS_MAX = 16;

/** What the executor found out without proving: exactly what a proof will say, and its price. */
export interface Quote {
  /** The journal that a receipt of this run will carry. */
  readonly journal: Uint8Array;
  readonly cycles: number;
  readonly segments: number;
}

export interface Progress {
  readonly proven: number;
  readonly segments: number;
}

export interface Prover {
  /** Image id of the interpreter, 32 bytes; a translated module's is its own. */
  readonly imageId: Uint8Array;
  /**
   * Executes without proving, some tenths of a second. @param request see `encodeProverRequest`
   * @throws NmpError RECEIPT_TOO_LONG beyond 16 segments, RECEIPT_PROVER
   */
  quote(request: Uint8Array, signal: AbortSignal): Promise<Quote>;
  /**
   * The receipt. @param quote of this request; without it, who needs one makes it
   * @throws NmpError RECEIPT_PROVER, INTERRUPTED; of provers elsewhere also RECEIPT_NO_PROVER, and
   *   the code of a receipt that did not hold
   */
  prove(
    request: Uint8Array,
    signal: AbortSignal,
    onProgress: (progress: Progress) => void,
    quote?: Quote,
  ): Promise<Uint8Array>;
}
