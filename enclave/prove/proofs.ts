/** Proofs of released answers: quoted at once, proven later, asked for by the name of the job. */
import { equalBytes } from '../../shared/bytes.ts';
import type { CryptoSuite } from '../../shared/crypto/suite.ts';
import { NmpError } from '../../shared/errors.ts';
import { commitTo, OUTPUT_LABEL } from '../../shared/receipt/commitment.ts';
import { decodeJournal } from '../../shared/receipt/journal.ts';
import { type JobStatus, ProofQueue, type ProofQueueComponents } from './proof-queue.ts';
import { encodeProverRequest, type ProverRequest } from './prover-request.ts';

/** A proof that was taken into the queue. */
export interface Offer {
  readonly job: string;
  readonly cycles: number;
  readonly segments: number;
}

export interface Proofs {
  /** Image id of the interpreter, 32 bytes. */
  readonly imageId: Uint8Array;
  /**
   * Executes the run in the program that is proven, and queues its proof.
   * @param output what is released; a receipt about any other output is not begun
   * @throws NmpError RECEIPT_DIVERGED, RECEIPT_TOO_LONG, RECEIPT_BUSY, RECEIPT_SPOOL, RECEIPT_PROVER
   */
  offer(peer: string, run: ProverRequest, output: Uint8Array, signal: AbortSignal): Promise<Offer>;
  /** @throws NmpError RECEIPT_JOB */
  status(peer: string, job: string): JobStatus;
  /** @throws NmpError RECEIPT_JOB */
  cancel(peer: string, job: string): void;
  stop(): void;
}

export function createProofs(
  components: ProofQueueComponents & { readonly suite: CryptoSuite },
): Proofs {
  const { prover, suite } = components;
  const queue = new ProofQueue(components);
  return {
    imageId: prover.imageId,
    offer: async (peer, run, output, signal) => {
      const request = encodeProverRequest(run);
      const quote = await prover.quote(request, signal);
      const { outcome, outputCommitment } = decodeJournal(quote.journal);
      const released = commitTo(suite, OUTPUT_LABEL, run.outputSalt, output);
      if (outcome !== 'ok' || !equalBytes(outputCommitment, released)) {
        throw new NmpError('RECEIPT_DIVERGED');
      }
      const { cycles, segments } = quote;
      return { job: queue.submit(peer, request, quote), cycles, segments };
    },
    status: (peer, job) => queue.status(peer, job),
    cancel: (peer, job) => queue.cancel(peer, job),
    stop: () => queue.stop(),
  };
}
