/**
 * Has proofs made by provers elsewhere (docs/protocol.md, Proof jobs). A request leaves the enclave
 * only sealed to a prover whose document has held, to one at a time; what comes back is verified here
 * before anything else is done with it.
 */
import { concat, equalBytes } from '../../../shared/bytes.ts';
import { NmpError } from '../../../shared/errors.ts';
import { RECEIPT_BYTES_MAX, type SealVerifier } from '../../../shared/receipt/seal.ts';
import { RECORD } from '../../../shared/wire/records.ts';
import { initiateMutual, type MutualChannel, type MutualComponents } from '../../attest/mutual.ts';
import { PROOF_LIMITS } from '../proof-queue.ts';
import type { Progress, Prover, Quote } from '../prover.ts';
import type { BoxFrames } from './box-frames.ts';
import type { JobBroker } from './broker.ts';
import { createLease } from './lease.ts';
import { OfferBox } from './offer-box.ts';
import { decodeResult } from './result.ts';

export interface RemoteProverComponents extends MutualComponents {
  readonly broker: JobBroker;
  /** Quotes here, and proves here if the configuration says so. */
  readonly local: Prover;
  readonly seals: SealVerifier;
  /** Image id that the receipt of a request must be about, 32 bytes. */
  readonly imageOf: (request: Uint8Array, quote: Quote) => Promise<Uint8Array>;
  /** Bytes of memory that a proof made here may take. */
  readonly availableMemory: () => number;
}

export interface RemoteProverInit {
  /** A prover that is not heard of for so long has lost the job. */
  readonly leaseMs: number;
  /** How long a job waits for a prover. */
  readonly waitMs: number;
  /** What is done when none came: proven here, or refused. */
  readonly fallback: 'here' | 'refuse';
}

/** Provers that get one job, one after another. */
export const REMOTE_TRIES = 3;
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** A request is on its way at least so fast, and a prover not expected to say a word before. */
const TRANSFER_BYTES_PER_MS = 256;
/** An offer that nobody took for so many leases may be lost, and is made anew. */
const LEASES_PER_OFFER = 3;

/** A judged prover, and the box through which it is heard. */
interface Session extends MutualChannel {
  close(): void;
}

interface Job {
  readonly request: Uint8Array;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  readonly quote: Quote;
}

class RemoteProver implements Prover {
  readonly imageId: Uint8Array;
  readonly #components: RemoteProverComponents;
  readonly #init: RemoteProverInit;
  /** Proofs made here, one after another. */
  #here: Promise<unknown> = Promise.resolve();

  constructor(components: RemoteProverComponents, init: RemoteProverInit) {
    this.imageId = components.local.imageId;
    this.#components = components;
    this.#init = init;
  }

  quote(request: Uint8Array, signal: AbortSignal): Promise<Quote> {
    return this.#components.local.quote(request, signal);
  }

  async prove(
    request: Uint8Array,
    signal: AbortSignal,
    onProgress: (progress: Progress) => void,
    known?: Quote,
  ): Promise<Uint8Array> {
    const quote = known ?? (await this.quote(request, signal));
    const job = { request, signal, onProgress, quote };
    try {
      return await this.#elsewhere(job);
    } catch (error) {
      if (signal.aborted) throw new NmpError('INTERRUPTED');
      if (this.#init.fallback === 'refuse') throw error;
      return await this.#proveHere(job);
    }
  }

  async #elsewhere(job: Job): Promise<Uint8Array> {
    const { clock } = this.#components;
    const { waitMs, leaseMs } = this.#init;
    let failure = new NmpError('RECEIPT_NO_PROVER');
    let until = clock.monotonicMs() + waitMs;
    for (let tries = 0; tries < REMOTE_TRIES; ) {
      const left = Math.min(until - clock.monotonicMs(), LEASES_PER_OFFER * leaseMs);
      if (left <= 0) break;
      const channel = await this.#taken(job, AbortSignal.timeout(Math.ceil(left)));
      // Nobody who proved what it is: it is offered once more, as long as there is time.
      if (channel === undefined) continue;
      tries++;
      const ended = await this.#session(channel, job);
      if (ended instanceof Uint8Array) return ended;
      failure = ended;
      until = clock.monotonicMs() + waitMs;
    }
    throw failure;
  }

  /** Offers the job until a prover has proved what it is; an offer serves one. */
  async #taken(job: Job, waiting: AbortSignal): Promise<Session | undefined> {
    const box = new OfferBox(this.#components, job.quote.segments);
    const signal = AbortSignal.any([job.signal, waiting]);
    try {
      for (; ; box.free()) {
        const channel = await this.#judged(await box.bid(signal), box, job.signal);
        if (channel !== undefined) return { ...channel, close: () => box.close() };
      }
    } catch {
      box.close();
      if (job.signal.aborted) throw new NmpError('INTERRUPTED');
      return undefined;
    }
  }

  /** A bidder that does not prove what it is costs no try; it never had the job. */
  async #judged(
    bid: BoxFrames,
    { offer, nonce }: OfferBox,
    signal: AbortSignal,
  ): Promise<MutualChannel | undefined> {
    const init = { purpose: 'nmp-job/v1', hello: offer, helloNonce: nonce } as const;
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(HANDSHAKE_TIMEOUT_MS)]);
    try {
      const channel = await initiateMutual(this.#components, init, bid, bounded);
      bid.widen();
      return channel;
    } catch (error) {
      if (signal.aborted) throw error;
      return undefined;
    }
  }

  /** The receipt, or why this prover gave none. @throws NmpError INTERRUPTED */
  async #session(channel: Session, job: Job): Promise<Uint8Array | NmpError> {
    const { reader, writer } = channel;
    const lease = createLease(this.#init.leaseMs, job.request.length / TRANSFER_BYTES_PER_MS);
    const signal = AbortSignal.any([job.signal, lease.signal]);
    const { segments } = job.quote;
    // Answers are for the prover to know that somebody still waits; order is that of writing.
    let said: Promise<void> = Promise.resolve();
    const onProgress = (proven: number) => {
      lease.renew();
      job.onProgress({ proven: Math.min(proven, segments), segments });
      said = said
        .then(() => writer.write(RECORD.progress, Uint8Array.of(0)))
        .catch(() => undefined);
    };
    try {
      await writer.writeMessage(job.request, signal);
      const parts: Uint8Array[] = [];
      for await (const part of reader.readBody(RECEIPT_BYTES_MAX + 1, { signal, onProgress })) {
        lease.renew();
        parts.push(part);
      }
      return await this.#verified(decodeResult(concat(...parts)), job);
    } catch (error) {
      await said;
      // To a prover that is still at it: nobody waits any more.
      await writer.writeMessage(new Uint8Array(0)).catch(() => undefined);
      if (job.signal.aborted) throw new NmpError('INTERRUPTED');
      const told = error instanceof NmpError && error.code.startsWith('RECEIPT_');
      return told ? error : new NmpError('RECEIPT_NO_PROVER', undefined, { cause: error });
    } finally {
      lease.end();
      channel.wipe();
      channel.close();
    }
  }

  /** @throws NmpError RECEIPT_* of the first check that fails */
  async #verified(receipt: Uint8Array, { request, quote }: Job): Promise<Uint8Array> {
    const { seals, imageOf } = this.#components;
    const sealed = await seals.check(receipt, await imageOf(request, quote));
    if (sealed.failure !== undefined) throw new NmpError(sealed.failure);
    // The journal of this very run was known beforehand: nonce, module, input, answer and all.
    if (!equalBytes(sealed.journal, quote.journal)) throw new NmpError('RECEIPT_DIVERGED');
    return receipt;
  }

  #proveHere({ request, signal, onProgress, quote }: Job): Promise<Uint8Array> {
    const proven = this.#here.then(() => {
      if (signal.aborted) throw new NmpError('INTERRUPTED');
      if (this.#components.availableMemory() < PROOF_LIMITS.memoryBytes) {
        throw new NmpError('RECEIPT_NO_PROVER');
      }
      return this.#components.local.prove(request, signal, onProgress, quote);
    });
    this.#here = proven.catch(() => undefined);
    return proven;
  }
}

export function createRemoteProver(
  components: RemoteProverComponents,
  init: RemoteProverInit,
): Prover {
  return new RemoteProver(components, init);
}
