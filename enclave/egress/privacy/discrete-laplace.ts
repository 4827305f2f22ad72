/**
 * The discrete Laplace distribution, sampled exactly: integers and fair coins only, no floating
 * point, so that no low bit of a double tells the value below the noise (Mironov 2012).
 * Algorithms 1 and 2 of Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy"
 * (NeurIPS 2020), as OpenDP uses them.
 */
import type { Random } from '../../../shared/runtime.ts';

/** What the sampler draws; each draw is independent of all others. */
export interface Coins {
  /** Uniform in [0, below). */
  uniform(below: bigint): bigint;
  /** True with probability numerator / denominator. */
  bernoulli(numerator: bigint, denominator: bigint): boolean;
  /** True with probability exp(−numerator / denominator), for a ratio of at most 1. */
  bernoulliExp(numerator: bigint, denominator: bigint): boolean;
}

/** Uniform in [0, below), by rejection. */
export function uniform(random: Random, below: bigint): bigint {
  const bits = below.toString(2).length;
  const bytes = (bits + 7) >> 3;
  const mask = (1n << BigInt(bits)) - 1n;
  for (;;) {
    const drawn = random.bytes(bytes).reduce((n, byte) => (n << 8n) | BigInt(byte), 0n) & mask;
    if (drawn < below) return drawn;
  }
}

/** Algorithm 1: k ends odd with probability 1 − x + x²/2! − x³/3! …, x = numerator / denominator. */
export function bernoulliExp(
  { bernoulli }: Pick<Coins, 'bernoulli'>,
  numerator: bigint,
  denominator: bigint,
): boolean {
  let k = 1n;
  while (bernoulli(numerator, denominator * k)) k++;
  return k % 2n === 1n;
}

function coinsOf(random: Random): Coins {
  const bernoulli: Coins['bernoulli'] = (numerator, denominator) =>
    uniform(random, denominator) < numerator;
  return {
    uniform: (below) => uniform(random, below),
    bernoulli,
    bernoulliExp: (numerator, denominator) => bernoulliExp({ bernoulli }, numerator, denominator),
  };
}

/** Algorithm 2, as `discreteLaplace`: for a proof of its probabilities the coins are given. */
export function laplaceOf({ uniform, bernoulli, bernoulliExp }: Coins, t: bigint, s: bigint) {
  if (t <= 0n || s <= 0n) throw new RangeError('a scale is positive');
  for (;;) {
    const u = uniform(t);
    if (!bernoulliExp(u, t)) continue;
    let v = 0n;
    while (bernoulliExp(1n, 1n)) v++;
    const magnitude = (u + t * v) / s;
    const negative = bernoulli(1n, 2n);
    if (negative && magnitude === 0n) continue;
    return negative ? -magnitude : magnitude;
  }
}

/**
 * x with probability proportional to exp(−|x| · s / t): scale t / s.
 * @param t numerator of the scale, positive
 * @param s denominator of the scale, positive
 */
export function discreteLaplace(random: Random, t: bigint, s: bigint): bigint {
  return laplaceOf(coinsOf(random), t, s);
}
