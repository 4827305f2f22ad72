/**
 * The discrete Laplace distribution, sampled exactly: integers and fair coins only, no floating
 * point, so that no low bit of a double tells the value below the noise (Mironov 2012).
 * Algorithms 1 and 2 of Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy"
 * (NeurIPS 2020), as OpenDP uses them.
 */
import type { Random } from '../../../shared/runtime.ts';

/** Uniform in [0, below), by rejection. */
function uniform(random: Random, below: bigint): bigint {
  const bits = below.toString(2).length;
  const bytes = (bits + 7) >> 3;
  const mask = (1n << BigInt(bits)) - 1n;
  for (;;) {
    const drawn = random.bytes(bytes).reduce((n, byte) => (n << 8n) | BigInt(byte), 0n) & mask;
    if (drawn < below) return drawn;
  }
}

/** True with probability numerator / denominator. */
function bernoulli(random: Random, numerator: bigint, denominator: bigint): boolean {
  return uniform(random, denominator) < numerator;
}

/** True with probability exp(−numerator / denominator), for a ratio of at most 1. */
function bernoulliExp(random: Random, numerator: bigint, denominator: bigint): boolean {
  let k = 1n;
  while (bernoulli(random, numerator, denominator * k)) k++;
  return k % 2n === 1n;
}

/**
 * x with probability proportional to exp(−|x| · s / t): scale t / s.
 * @param t numerator of the scale, positive
 * @param s denominator of the scale, positive
 */
export function discreteLaplace(random: Random, t: bigint, s: bigint): bigint {
  if (t <= 0n || s <= 0n) throw new RangeError('a scale is positive');
  for (;;) {
    const u = uniform(random, t);
    if (!bernoulliExp(random, u, t)) continue;
    let v = 0n;
    while (bernoulliExp(random, 1n, 1n)) v++;
    const magnitude = (u + t * v) / s;
    const negative = bernoulli(random, 1n, 2n);
    if (negative && magnitude === 0n) continue;
    return negative ? -magnitude : magnitude;
  }
}
