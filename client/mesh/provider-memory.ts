/**
 * What the client remembers of providers: which answered and proved themselves, which failed and how
 * often, and which capabilities were found nowhere. Hints only; nothing here stands for attestation.
 */
import type { Clock } from '../../shared/runtime.ts';

export interface Provider {
  readonly id: string;
  readonly addresses: readonly string[];
}

export interface MemoryLimits {
  /** Peers and keys remembered; the oldest go first. */
  readonly entries: number;
  /** A found provider is asked again without a lookup for this long. */
  readonly positiveMs: number;
  /** A key that nobody provided is not looked up again for this long. */
  readonly negativeMs: number;
  /** After its first failure a peer rests this long, then twice as long, up to the last. */
  readonly restMs: number;
  readonly restMaxMs: number;
}

export const DEFAULT_MEMORY_LIMITS: MemoryLimits = {
  entries: 1024,
  positiveMs: 5 * 60_000,
  negativeMs: 15_000,
  restMs: 2_000,
  restMaxMs: 10 * 60_000,
};

interface Health {
  failures: number;
  restsUntilMs: number;
  /** Smoothed time to a proven session; undefined before the first. */
  answerMs: number | undefined;
}

/** A Map that drops what was set longest ago. */
class BoundedMap<V> {
  readonly #entries = new Map<string, V>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#max) break;
      this.#entries.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}

export class ProviderMemory {
  readonly #clock: Clock;
  readonly #limits: MemoryLimits;
  readonly #health: BoundedMap<Health>;
  readonly #found: BoundedMap<{ readonly provider: Provider; readonly untilMs: number }>;
  readonly #missing: BoundedMap<number>;

  constructor({ clock }: { readonly clock: Clock }, limits: MemoryLimits = DEFAULT_MEMORY_LIMITS) {
    this.#clock = clock;
    this.#limits = limits;
    this.#health = new BoundedMap(limits.entries);
    this.#found = new BoundedMap(limits.entries);
    this.#missing = new BoundedMap(limits.entries);
  }

  /** The provider that last proved itself for `key`, if it did so lately. */
  found(key: string): Provider | undefined {
    const entry = this.#found.get(key);
    return entry !== undefined && this.#clock.monotonicMs() < entry.untilMs
      ? entry.provider
      : undefined;
  }

  /** Whether `key` was looked up in vain a short while ago. */
  missing(key: string): boolean {
    return this.#clock.monotonicMs() < (this.#missing.get(key) ?? 0);
  }

  noteMissing(key: string): void {
    this.#missing.set(key, this.#clock.monotonicMs() + this.#limits.negativeMs);
  }

  /** A peer that failed lately rests: it is asked only after all others. */
  resting(peer: string): boolean {
    return this.#clock.monotonicMs() < (this.#health.get(peer)?.restsUntilMs ?? 0);
  }

  /** `provider` was taken for `key`: the next time it is tried first. */
  noteFound(key: string, provider: Provider): void {
    const untilMs = this.#clock.monotonicMs() + this.#limits.positiveMs;
    this.#found.set(key, { provider, untilMs });
    this.#missing.delete(key);
  }

  noteProven(peer: string, answerMs: number): void {
    const before = this.#health.get(peer)?.answerMs;
    // RFC 6298's smoothing of round-trip times, section 2.
    const smoothed = before === undefined ? answerMs : (7 * before + answerMs) / 8;
    this.#health.set(peer, { failures: 0, restsUntilMs: 0, answerMs: smoothed });
  }

  noteFailed(key: string, peer: string): void {
    const { failures = 0, answerMs } = this.#health.get(peer) ?? {};
    const { restMs, restMaxMs } = this.#limits;
    const rest = Math.min(restMaxMs, restMs * 2 ** Math.min(failures, 30));
    this.#health.set(peer, {
      failures: failures + 1,
      restsUntilMs: this.#clock.monotonicMs() + rest,
      answerMs,
    });
    if (this.#found.get(key)?.provider.id === peer) this.#found.delete(key);
  }

  /** Smaller is better: known and quick, unknown, resting. */
  rank(peer: string): number {
    if (this.resting(peer)) return Number.MAX_SAFE_INTEGER;
    return this.#health.get(peer)?.answerMs ?? 1e9;
  }
}
