/** Time that somebody has without being heard of. */
import { NmpError } from '../../../shared/errors.ts';

export interface Lease {
  /** Aborts with TIMEOUT once nothing was heard for that long. */
  readonly signal: AbortSignal;
  renew(): void;
  end(): void;
}

/** @param extraMs for the first time, which begins with something that takes long */
export function createLease(ms: number, extraMs = 0): Lease {
  const lost = new AbortController();
  const start = (extra = 0) => setTimeout(() => lost.abort(new NmpError('TIMEOUT')), ms + extra);
  let timer = start(extraMs);
  return {
    signal: lost.signal,
    renew: () => {
      clearTimeout(timer);
      timer = start();
    },
    end: () => clearTimeout(timer),
  };
}
