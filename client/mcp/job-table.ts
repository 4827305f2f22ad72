/** Long calls by handle: the handle is minted here and is all that is needed to poll or cancel. */
import { toBase64Url } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import type { Clock, Random } from '../../shared/runtime.ts';

const RUNNING_MAX = 32;
const FINISHED_MAX = 256;
/** How long an outcome waits to be fetched. */
const KEPT_MS = 600_000;

export type JobState<T> =
  | { readonly state: 'running'; readonly stage: number }
  | { readonly state: 'finished'; readonly outcome: T };

interface Job<T> {
  readonly controller: AbortController;
  readonly done: Promise<T>;
  stage: number;
  outcome: T | undefined;
  finishedAtMs: number;
}

export class JobTable<T> {
  readonly #components: { readonly clock: Clock; readonly random: Random };
  readonly #jobs = new Map<string, Job<T>>();

  constructor(components: { readonly clock: Clock; readonly random: Random }) {
    this.#components = components;
  }

  /**
   * @param work never rejects: a refusal is an outcome
   * @returns the handle, 22 characters
   * @throws NmpError JOB_LIMIT
   */
  start(work: (signal: AbortSignal, onStage: (stage: number) => void) => Promise<T>): string {
    this.#forget();
    const running = [...this.#jobs.values()].filter((job) => job.outcome === undefined);
    if (running.length >= RUNNING_MAX) throw new NmpError('JOB_LIMIT');
    const handle = toBase64Url(this.#components.random.bytes(16));
    const controller = new AbortController();
    const { promise: done, resolve } = Promise.withResolvers<T>();
    const job: Job<T> = { controller, done, stage: 0, outcome: undefined, finishedAtMs: 0 };
    this.#jobs.set(handle, job);
    void work(controller.signal, (stage) => {
      job.stage = stage;
    }).then((outcome) => {
      job.outcome = outcome;
      job.finishedAtMs = this.#components.clock.monotonicMs();
      resolve(outcome);
    });
    return handle;
  }

  /**
   * Waits for the job at most until `signal` fires.
   * @throws NmpError JOB_UNKNOWN
   */
  async poll(handle: string, signal: AbortSignal): Promise<JobState<T>> {
    const job = this.#find(handle);
    if (job.outcome === undefined && !signal.aborted) {
      const waited = Promise.withResolvers<undefined>();
      const stop = () => waited.resolve(undefined);
      signal.addEventListener('abort', stop, { once: true });
      await Promise.race([job.done, waited.promise]);
      signal.removeEventListener('abort', stop);
    }
    return job.outcome === undefined
      ? { state: 'running', stage: job.stage }
      : { state: 'finished', outcome: job.outcome };
  }

  /** Ends the work; its outcome is then a refusal. @throws NmpError JOB_UNKNOWN */
  cancel(handle: string): void {
    this.#find(handle).controller.abort(new NmpError('INTERRUPTED'));
  }

  close(): void {
    for (const { controller } of this.#jobs.values()) controller.abort(new NmpError('INTERRUPTED'));
    this.#jobs.clear();
  }

  #find(handle: string): Job<T> {
    this.#forget();
    const job = this.#jobs.get(handle);
    if (job === undefined) throw new NmpError('JOB_UNKNOWN');
    return job;
  }

  #forget(): void {
    const oldest = this.#components.clock.monotonicMs() - KEPT_MS;
    const finished = [...this.#jobs].filter(([, job]) => job.outcome !== undefined);
    finished.forEach(([handle, { finishedAtMs }], index) => {
      if (finishedAtMs <= oldest || index < finished.length - FINISHED_MAX) {
        this.#jobs.delete(handle);
      }
    });
  }
}
