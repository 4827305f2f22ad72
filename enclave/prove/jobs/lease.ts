/** Time that somebody has without being heard of. */
import { NmpError } from '../../../shared/errors.ts';

export interface Lease {
  /** Aborts with TIMEOUT once nothing was heard for that long. */
  readonly signal: AbortSignal;
  renew(): void;
  end(): void;
}

export function createLease(ms: number): Lease {
  const lost = new AbortController();
  const start = () => setTimeout(() => lost.abort(new NmpError('TIMEOUT')), ms);
  let timer = start();
  return {
    signal: lost.signal,
    renew: () => {
      clearTimeout(timer);
      timer = start();
    },
    end: () => clearTimeout(timer),
  };
}
