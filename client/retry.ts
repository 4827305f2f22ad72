/** Tries again what changes nothing at the other side: connecting, describing, attesting. */
import { type ErrorCode, NmpError } from '../shared/errors.ts';

/** Failures of the way to the node; anything else would fail again. */
const TRANSIENT: ReadonlySet<ErrorCode> = new Set(['UNREACHABLE', 'CONNECTION_LOST']);
const FIRST_PAUSE_MS = 100;

export interface RetryInit {
  /** Further tries after the first. */
  readonly retries: number;
  readonly signal: AbortSignal;
  /** Rejects when the signal fires. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Pauses double from 100 ms. @throws what the last try threw; TIMEOUT if the signal ended a pause */
export async function retrying<T>(init: RetryInit, attempt: () => Promise<T>): Promise<T> {
  for (let tried = 0; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      const transient = error instanceof NmpError && TRANSIENT.has(error.code);
      if (!transient || tried >= init.retries || init.signal.aborted) throw error;
      await init.sleep(FIRST_PAUSE_MS * 2 ** tried, init.signal).catch((cause: unknown) => {
        throw new NmpError('TIMEOUT', undefined, { cause });
      });
    }
  }
}
