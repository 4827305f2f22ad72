/**
 * How often logic may be blocked. Every refusal tells its author one bit: without a bound a patient
 * author reads records out through refusals.
 */
import type { Clock } from '../../shared/runtime.ts';

export const HOUR_MS = 3_600_000;

export interface BlockLimits {
  /** Blocks of one module in an hour, after which it is quarantined. */
  readonly perLogic: number;
  /** Blocks of one capability in an hour, by whatever modules. */
  readonly perCapability: number;
  /** How long a module stays quarantined. */
  readonly quarantineMs: number;
}

export const DEFAULT_BLOCK_LIMITS: BlockLimits = {
  perLogic: 10,
  perCapability: 60,
  quarantineMs: 24 * HOUR_MS,
};

/** What a refusal says about how often: nothing finer leaves. */
export type CountBucket = '1' | '2-9' | '10+';

export function bucketOf(count: number): CountBucket {
  if (count <= 1) return '1';
  return count < 10 ? '2-9' : '10+';
}

interface Window {
  /** Times of blocks within the last hour, ascending. */
  blocks: number[];
  quarantinedUntilMs: number;
}

/** Which budgets a call draws on. */
export interface Spender {
  /** SHA-256 of the module, hex. */
  readonly logic: string;
  /** Node and capability. */
  readonly capability: string;
}

export class BlockBudget {
  readonly #clock: Clock;
  readonly #limits: BlockLimits;
  readonly #logics = new Map<string, Window>();
  readonly #capabilities = new Map<string, Window>();

  constructor(clock: Clock, limits: BlockLimits = DEFAULT_BLOCK_LIMITS) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** False if the logic or the capability is quarantined. */
  allows({ logic, capability }: Spender): boolean {
    const now = this.#clock.monotonicMs();
    this.#forget(now);
    const windows = [this.#logics.get(logic), this.#capabilities.get(capability)];
    return windows.every((window) => window === undefined || window.quarantinedUntilMs <= now);
  }

  /** Counts one block. @returns how many of this logic there were in the last hour, as a bucket */
  block({ logic, capability }: Spender): CountBucket {
    const { perLogic, perCapability, quarantineMs } = this.#limits;
    this.#count(this.#capabilities, capability, perCapability, HOUR_MS);
    return bucketOf(this.#count(this.#logics, logic, perLogic, quarantineMs));
  }

  #count(windows: Map<string, Window>, key: string, limit: number, quarantineMs: number): number {
    const now = this.#clock.monotonicMs();
    const window = windows.get(key) ?? { blocks: [], quarantinedUntilMs: 0 };
    window.blocks = [...window.blocks.filter((at) => at > now - HOUR_MS), now];
    if (window.blocks.length >= limit) window.quarantinedUntilMs = now + quarantineMs;
    windows.set(key, window);
    return window.blocks.length;
  }

  /** The budget of a capability bounds the number of logics in an hour, and so this map. */
  #forget(now: number): void {
    for (const windows of [this.#logics, this.#capabilities]) {
      for (const [key, { blocks, quarantinedUntilMs }] of windows) {
        if (quarantinedUntilMs <= now && (blocks.at(-1) ?? 0) <= now - HOUR_MS) windows.delete(key);
      }
    }
  }
}
