/**
 * The sampler's probabilities by enumeration, layer by layer: bytes make uniform integers, those a
 * coin of probability exp(−x), and those coins the discrete Laplace distribution.
 */
import { describe, expect, it } from 'vitest';
import {
  bernoulliExp,
  type Coins,
  laplaceOf,
  uniform,
} from '../../../../enclave/egress/privacy/discrete-laplace.ts';
import { probability } from './laws.ts';

class OutOfBytes extends Error {}

describe('a uniform integer', () => {
  it.each([1, 2, 3, 5, 16, 100, 127, 128, 129, 255])(
    'below %d: as many bytes for each',
    (below) => {
      const hits = new Map<number, number>();
      for (let byte = 0; byte < 256; byte++) {
        let asked = 0;
        const bytes = () => {
          if (asked++ > 0) throw new OutOfBytes();
          return Uint8Array.of(byte);
        };
        try {
          const value = Number(uniform({ bytes }, BigInt(below)));
          hits.set(value, (hits.get(value) ?? 0) + 1);
        } catch (error) {
          expect(error).toBeInstanceOf(OutOfBytes);
        }
      }
      expect([...hits.keys()].sort((a, b) => a - b)).toEqual([...Array(below).keys()]);
      expect(new Set(hits.values()).size).toBe(1);
      // Rejected less than every second time, but for powers of two.
      expect([...hits.values()].reduce((sum, n) => sum + n)).toBeGreaterThanOrEqual(
        128 * (below / (below + 1)),
      );
    },
  );

  it.each([256, 257, 1000, 40_000])('below %d: of two bytes', (below) => {
    const hits = new Uint8Array(below);
    for (let word = 0; word < 65_536; word++) {
      let asked = 0;
      const bytes = (length: number) => {
        if (asked++ > 0 || length !== 2) throw new OutOfBytes();
        return Uint8Array.of(word >> 8, word & 255);
      };
      try {
        const value = Number(uniform({ bytes }, BigInt(below)));
        hits[value] = (hits[value] ?? 0) + 1;
      } catch (error) {
        if (!(error instanceof OutOfBytes)) throw error;
      }
    }
    expect(new Set(hits).size).toBe(1);
    expect(hits[0]).toBeGreaterThan(0);
  });
});

describe('a coin of probability exp(−x)', () => {
  const STEPS = 24;
  it.each([
    [0n, 1n],
    [1n, 1n],
    [1n, 2n],
    [2n, 3n],
    [7n, 1000n],
    [999n, 1000n],
  ])('x = %d/%d: its partial sums are those of the series', (numerator, denominator) => {
    // Heads until step k, then tails: all that can happen, as fractions of one denominator.
    let [heads, scale] = [1n, 1n];
    let [yes, term, sum] = [0n, 1n, 1n];
    for (let k = 1; k <= STEPS; k++) {
      let asked = 0;
      const odds: [bigint, bigint][] = [];
      const bernoulli = (n: bigint, d: bigint) => {
        odds.push([n, d]);
        return ++asked < k;
      };
      const answer = bernoulliExp({ bernoulli }, numerator, denominator);
      const [n, d] = odds.at(-1) ?? [0n, 0n];
      expect(odds.length).toBe(k);
      yes = yes * d + (answer ? heads * (d - n) : 0n);
      [heads, scale] = [heads * n, scale * d];
      // (−x)^k / k! over the same denominator, d = denominator · k.
      term = -term * numerator;
      sum = sum * denominator * BigInt(k) + term;
      // After an even step all of "yes" is decided but what is still heads.
      if (k % 2 === 0) expect(yes + heads).toBe(sum);
    }
    expect(Number((yes * 10n ** 18n) / scale) / 1e18).toBeCloseTo(
      Math.exp(-Number(numerator) / Number(denominator)),
      14,
    );
  });
});

class Fork extends Error {}
class Rejected extends Error {}

/** Mass of each value that one attempt can end with, out of coins whose odds are as they say. */
function attempt(t: number, s: number): Map<number, number> {
  const masses = new Map<number, number>();
  const open: { readonly taken: readonly number[]; readonly mass: number }[] = [
    { taken: [], mass: 1 },
  ];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const { taken, mass } = path;
    let at = 0;
    const choose = (odds: readonly number[]): number => {
      const chosen = taken[at++];
      if (chosen !== undefined) return chosen;
      odds.forEach((odd, choice) => {
        if (odd * mass > 1e-18) open.push({ taken: [...taken, choice], mass: mass * odd });
      });
      throw new Fork();
    };
    const coin = (heads: number) => choose([1 - heads, heads]) === 1;
    let begun = false;
    const coins: Coins = {
      uniform: (below) => {
        if (begun) throw new Rejected();
        begun = true;
        return BigInt(choose(Array(Number(below)).fill(1 / Number(below))));
      },
      bernoulli: (n, d) => coin(Number(n) / Number(d)),
      bernoulliExp: (n, d) => coin(Math.exp(-Number(n) / Number(d))),
    };
    try {
      const value = Number(laplaceOf(coins, BigInt(t), BigInt(s)));
      masses.set(value, (masses.get(value) ?? 0) + mass);
    } catch (error) {
      if (!(error instanceof Fork || error instanceof Rejected)) throw error;
    }
  }
  return masses;
}

describe('the discrete Laplace sampler', () => {
  it.each([
    [1, 1],
    [1, 2],
    [3, 2],
    [2, 3],
    [5, 1],
    [10, 3],
    [40, 7],
    [60, 1],
  ])('at scale %d/%d ends with each integer as often as the law says', (t, s) => {
    const masses = attempt(t, s);
    const accepted = [...masses.values()].reduce((sum, mass) => sum + mass, 0);
    // 10 scales to each side; an attempt that is rejected starts over and changes no ratio.
    const far = Math.ceil((10 * t) / s);
    for (let x = -far; x <= far; x++) {
      const ratio = (masses.get(x) ?? 0) / accepted / probability(x, t, s);
      expect(Math.abs(ratio - 1)).toBeLessThan(1e-9);
    }
    // ε for a sensitivity of one is s / t, and no less.
    for (let x = -far; x < far; x++) {
      const loss = Math.abs(Math.log((masses.get(x) ?? 0) / (masses.get(x + 1) ?? 0)));
      expect(Math.abs(loss - s / t)).toBeLessThan(1e-9);
    }
  });
});
