/** Seeded choices; one stream of them per purpose, so that a change in one leaves the others. */
import type { Random } from '../../shared/runtime.ts';

export class Choices implements Random {
  #state: number;

  constructor(seed: number, purpose: string) {
    let state = seed | 0;
    for (const char of purpose) state = Math.imul(state ^ char.charCodeAt(0), 0x01000193);
    this.#state = state;
    // The first numbers of neighbouring seeds are alike.
    for (let round = 0; round < 4; round++) this.#next();
  }

  /** mulberry32 */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** An integer from 0 to `limit` − 1. */
  below(limit: number): number {
    return this.#next() % limit;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#next() & 0xff);
  }
}
