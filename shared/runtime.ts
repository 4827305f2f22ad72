/** Seams to the outside world. Nothing reads the clock or randomness in place. */
import { NmpError } from './errors.ts';

/** Wall clock and monotonic clock. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonicMs(): number;
}

/** A source of cryptographic randomness. */
export interface Random {
  /** `length` fresh random bytes. @throws NmpError ENTROPY */
  bytes(length: number): Uint8Array;
}

/** The platform's own clock; chosen in a composition root only. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** The platform's own randomness (Web Crypto); chosen in a composition root only. */
export const systemRandom: Random = {
  bytes(length) {
    const out = new Uint8Array(length);
    // Web Crypto answers at most 65,536 bytes a call.
    try {
      for (let at = 0; at < length; at += 65_536)
        crypto.getRandomValues(out.subarray(at, at + 65_536));
    } catch (cause) {
      throw new NmpError('ENTROPY', undefined, { cause });
    }
    return out;
  },
};

/**
 * Flags of V8 for a node's process. Left alone, its heap doubles before it is collected: 300 to 530 MB
 * under 200 clients, in waves of minutes. So it stays at some 200 MB, for some tenth of the calls a
 * second (docs/proof.md).
 */
export const NODE_FLAGS = ['--heap-growing-percent=20', '--max-semi-space-size=8'] as const;

/**
 * All of the environment of a node's process and of its sandbox's: one arena of malloc. With glibc's
 * several, memory that one thread takes and another gives back piles up in an arena that few use
 * again: 10 kB a second under 100 calls a second.
 */
export const PROCESS_ENVIRONMENT = { MALLOC_ARENA_MAX: '1' } as const;
