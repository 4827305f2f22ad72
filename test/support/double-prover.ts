/**
 * A TEST DOUBLE in the place of the STARK prover: its receipts are MACs (test/sim/seal.ts), made as soon
 * as a test says so, or after a while. It proves nothing.
 */
import type { Prover, Quote } from '../../enclave/prove/prover.ts';
import { concat } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import { JOURNAL_BYTES } from '../../shared/receipt/journal.ts';
import { sealJournal } from '../sim/seal.ts';
import { enclaveSuite } from './enclaves.ts';

export const DOUBLE_IMAGE = new Uint8Array(32).fill(7);

/** One journal for one request: its hash, again and again. */
export function doubleQuote(request: Uint8Array, segments = 3): Quote {
  const hash = enclaveSuite.sha256(request);
  const journal = concat(...Array.from({ length: 8 }, () => hash)).subarray(0, JOURNAL_BYTES);
  return { journal: Uint8Array.from(journal), cycles: 1000 * segments, segments };
}

export const doubleReceipt = (request: Uint8Array): Uint8Array =>
  sealJournal(DOUBLE_IMAGE, doubleQuote(request).journal);

export interface Proving {
  readonly request: Uint8Array;
  readonly signal: AbortSignal;
  progress(proven: number): void;
  done(receipt?: Uint8Array): void;
  fail(error: Error): void;
}

/** Tells `onProve` of each proof, which ends it as it likes. */
export function doubleProver(onProve: (proving: Proving) => void): Prover {
  return {
    imageId: DOUBLE_IMAGE,
    quote: async (request) => doubleQuote(request),
    prove: (request, signal, onProgress) =>
      new Promise((resolve, reject) => {
        const own = request.slice();
        signal.addEventListener('abort', () => reject(new NmpError('INTERRUPTED')), { once: true });
        onProve({
          request: own,
          signal,
          progress: (proven) => onProgress({ proven, segments: 3 }),
          done: (receipt = doubleReceipt(own)) => resolve(receipt),
          fail: reject,
        });
      }),
  };
}
