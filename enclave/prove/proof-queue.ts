/**
 * Proofs to be made, shortest first: one at a time, or as many as there are provers elsewhere for. A receipt waits here for the peer that asked
 * for it, and for nobody else. What is unfinished also lies in a sealed spool, if there is one, and
 * is gone on with after a restart; receipts stay in the memory of the enclave.
 */
import { toBase64Url } from '../../shared/bytes.ts';
import { type ErrorCode, NmpError } from '../../shared/errors.ts';
import type { Clock, Random } from '../../shared/runtime.ts';
import type { Prover, Quote } from './prover.ts';
import type { ProofSpool } from './spool.ts';

export interface ProofQueueComponents {
  readonly prover: Prover;
  readonly clock: Clock;
  readonly random: Random;
  /** Bytes of memory that a new process may take. */
  readonly availableMemory: () => number;
  /** Without one, jobs end with the node. */
  readonly spool?: ProofSpool | undefined;
  /** Proofs under way together; default: 1, which has this machine for itself. */
  readonly atOnce?: number;
  /** Tries of one proof; default: `PROOF_LIMITS.tries`. */
  readonly tries?: number;
}

export const PROOF_LIMITS = {
  /** Unfinished jobs of all peers together. */
  jobs: 64,
  jobsPerPeer: 4,
  /** Segments of all unfinished jobs together; see `SEGMENTS_MAX`. */
  segments: 128,
  /** Finished jobs kept, each with a receipt of up to 8 MiB. */
  finished: 16,
  finishedMs: 30 * 60_000,
  /** What a prover takes for segments of 2^18 cycles, bytes, and a tenth more. */
  memoryBytes: 2_640_000_000,
  /** Tries of one proof: a prover that ends without a word may have been short of memory. */
  tries: 2,
} as const;

export type JobState = 'queued' | 'proving' | 'proven' | 'failed' | 'cancelled';

export interface JobStatus {
  readonly state: JobState;
  /** Jobs before it; 0 if it is being proven. */
  readonly before: number;
  readonly proven: number;
  readonly segments: number;
  /** Set if `proven`. */
  readonly receipt?: Uint8Array;
  /** Set if `failed`. */
  readonly code?: ErrorCode;
}

interface Job {
  readonly id: string;
  readonly peer: string;
  readonly request: Uint8Array;
  readonly quote: Quote;
  readonly cancelled: AbortController;
  state: JobState;
  proven: number;
  tries: number;
  receipt?: Uint8Array;
  code?: ErrorCode;
  finishedAtMs: number;
}

const JOB_ID_BYTES = 16;
const isOpen = ({ state }: Job): boolean => state === 'queued' || state === 'proving';

export class ProofQueue {
  readonly #components: ProofQueueComponents;
  readonly #jobs = new Map<string, Job>();
  #running = 0;
  #stopped = false;

  constructor(components: ProofQueueComponents) {
    this.#components = components;
    for (const { id, peer, quote, request } of components.spool?.pending ?? []) {
      const job = this.#add(id, peer, request ?? new Uint8Array(0), quote);
      if (request !== undefined) continue;
      job.code = 'RECEIPT_SPOOL';
      this.#finish(job, 'failed');
    }
    this.#work();
  }

  /**
   * @param request see `encodeProverRequest`
   * @returns name of the job, 22 characters
   * @throws NmpError RECEIPT_BUSY, RECEIPT_SPOOL
   */
  submit(peer: string, request: Uint8Array, quote: Quote): string {
    this.#forget();
    const open = [...this.#jobs.values()].filter(isOpen);
    const segments = open.reduce((sum, job) => sum + job.quote.segments, quote.segments);
    const own = open.filter((job) => job.peer === peer).length;
    const { jobs, jobsPerPeer, segments: segmentsMax } = PROOF_LIMITS;
    if (this.#stopped || open.length >= jobs || own >= jobsPerPeer || segments > segmentsMax) {
      throw new NmpError('RECEIPT_BUSY');
    }
    // While one is being proven, its memory is what the next will have.
    if (this.#running === 0 && !this.#hasMemory()) throw new NmpError('RECEIPT_BUSY');
    const id = toBase64Url(this.#components.random.bytes(JOB_ID_BYTES));
    this.#components.spool?.add({ id, peer, request, quote });
    this.#add(id, peer, request, quote);
    this.#work();
    return id;
  }

  #add(id: string, peer: string, request: Uint8Array, quote: Quote): Job {
    const job: Job = {
      id,
      peer,
      request,
      quote,
      cancelled: new AbortController(),
      state: 'queued',
      proven: 0,
      tries: 0,
      finishedAtMs: 0,
    };
    this.#jobs.set(id, job);
    return job;
  }

  #hasMemory(): boolean {
    return this.#components.availableMemory() >= PROOF_LIMITS.memoryBytes;
  }

  /** @throws NmpError RECEIPT_JOB if this peer has no such job */
  status(peer: string, id: string): JobStatus {
    const job = this.#of(peer, id);
    // One that waited for memory begins when it is asked for.
    this.#work();
    return {
      state: job.state,
      before: job.state === 'queued' ? this.#waiting().indexOf(job) + 1 : 0,
      proven: job.proven,
      segments: job.quote.segments,
      ...(job.receipt === undefined ? {} : { receipt: job.receipt }),
      ...(job.code === undefined ? {} : { code: job.code }),
    };
  }

  /** Ends a job that is not finished. @throws NmpError RECEIPT_JOB */
  cancel(peer: string, id: string): void {
    const job = this.#of(peer, id);
    if (!isOpen(job)) return;
    this.#finish(job, 'cancelled');
    job.cancelled.abort();
  }

  /** What is unfinished stays in the spool, for the next start. */
  stop(): void {
    this.#stopped = true;
    for (const job of this.#jobs.values()) if (isOpen(job)) this.cancel(job.peer, job.id);
  }

  #of(peer: string, id: string): Job {
    this.#forget();
    const job = this.#jobs.get(id);
    if (job === undefined || job.peer !== peer) throw new NmpError('RECEIPT_JOB');
    return job;
  }

  /** The cheapest first; a Map keeps the order of arrival among equals. */
  #waiting(): readonly Job[] {
    return [...this.#jobs.values()]
      .filter((job) => job.state === 'queued')
      .toSorted((a, b) => a.quote.segments - b.quote.segments);
  }

  #finish(job: Job, state: JobState): void {
    job.state = state;
    job.finishedAtMs = this.#components.clock.monotonicMs();
    // The private input is of no further use.
    job.request.fill(0);
    if (this.#stopped) return;
    try {
      this.#components.spool?.remove(job.id);
    } catch {
      // It is proven again after a restart, which costs time only.
    }
  }

  #forget(): void {
    const now = this.#components.clock.monotonicMs();
    const finished = [...this.#jobs.values()].filter((job) => !isOpen(job));
    finished.forEach((job, at) => {
      const old = now - job.finishedAtMs > PROOF_LIMITS.finishedMs;
      if (old || at < finished.length - PROOF_LIMITS.finished) this.#jobs.delete(job.id);
    });
  }

  #work(): void {
    if (this.#running >= (this.#components.atOnce ?? 1) || this.#stopped) return;
    const [job] = this.#waiting();
    if (job === undefined || !this.#hasMemory()) return;
    this.#running++;
    this.#prove(job).finally(() => {
      this.#running--;
      this.#work();
    });
    this.#work();
  }

  async #prove(job: Job): Promise<void> {
    job.state = 'proving';
    job.tries++;
    job.proven = 0;
    // The prover reads a copy: a job that is cancelled meanwhile is wiped.
    const request = job.request.slice();
    try {
      const receipt = await this.#components.prover.prove(
        request,
        job.cancelled.signal,
        ({ proven }) => {
          job.proven = proven;
        },
        job.quote,
      );
      if (job.cancelled.signal.aborted) return;
      job.receipt = receipt;
      this.#finish(job, 'proven');
    } catch (error) {
      if (job.cancelled.signal.aborted) return;
      if (job.tries < (this.#components.tries ?? PROOF_LIMITS.tries)) {
        job.state = 'queued';
        return;
      }
      job.code = error instanceof NmpError ? error.code : 'RECEIPT_PROVER';
      this.#finish(job, 'failed');
    } finally {
      request.fill(0);
    }
  }
}
