/** The law of the discrete Laplace distribution, a seeded source of bytes, and tests of a fit. */
import { createCipheriv } from 'node:crypto';
import type { Random } from '../../../../shared/runtime.ts';

/** AES-128 in counter mode under the seed: repeatable. */
export function seeded(seed: number): Random {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed);
  const stream = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  let block = Buffer.alloc(0);
  let at = 0;
  return {
    bytes: (length) => {
      if (at + length > block.length) {
        block = stream.update(Buffer.alloc(Math.max(65_536, length)));
        at = 0;
      }
      at += length;
      return Uint8Array.from(block.subarray(at - length, at));
    },
  };
}

/** Probability of x at scale t / s. */
export function probability(x: number, t: number, s: number): number {
  return Math.tanh(s / t / 2) * Math.exp((-Math.abs(x) * s) / t);
}

/** Probability of at most x. */
function atMost(x: number, t: number, s: number): number {
  const tail = (above: number) => Math.exp((-above * s) / t) / (1 + Math.exp(-s / t));
  return x < 0 ? tail(-x) : 1 - tail(x + 1);
}

/** Integers in bins of one width: bin b holds b · width and the width − 1 integers above it. */
export interface Counted {
  readonly n: number;
  readonly bins: ReadonlyMap<number, number>;
}

export function count(draw: () => bigint, n: number, width: number): Counted {
  const bins = new Map<number, number>();
  for (let i = 0; i < n; i++) {
    const bin = Math.floor(Number(draw()) / width);
    bins.set(bin, (bins.get(bin) ?? 0) + 1);
  }
  return { n, bins };
}

const BINS = 1000;
/** Bins that together expect fewer are joined, from the left. */
const EXPECTED_LEAST = 20;

/**
 * χ² of `seen` against the law at scale t / s, or against other draws, as standard deviations of a
 * normal (Wilson–Hilferty). 4.75 is one in a million.
 */
export function chiSquare(
  seen: Counted,
  law: { readonly t: number; readonly s: number; readonly width: number },
  other?: Counted,
): number {
  const { t, s, width } = law;
  let [chi, cells] = [0, 0];
  let [mine, theirs, expected] = [0, 0, 0];
  const close = () => {
    if (other === undefined) chi += (mine - expected) ** 2 / expected;
    else {
      const ratio = Math.sqrt(other.n / seen.n);
      if (mine + theirs > 0) chi += (mine * ratio - theirs / ratio) ** 2 / (mine + theirs);
    }
    cells++;
    [mine, theirs, expected] = [0, 0, 0];
  };
  for (let bin = -BINS; bin <= BINS; bin++) {
    mine += seen.bins.get(bin) ?? 0;
    theirs += other?.bins.get(bin) ?? 0;
    const [low, high] = [bin * width - 1, (bin + 1) * width - 1];
    // On the right the difference of two numbers near 1 would be rounded away.
    expected +=
      seen.n *
      (bin < 0
        ? atMost(high, t, s) - atMost(low, t, s)
        : atMost(-low - 1, t, s) - atMost(-high - 1, t, s));
    const left = seen.n * atMost(-high - 1, t, s);
    if (expected >= EXPECTED_LEAST && left >= EXPECTED_LEAST) close();
  }
  close();
  const degrees = cells - 1;
  const spread = 2 / (9 * degrees);
  return (Math.cbrt(chi / degrees) - (1 - spread)) / Math.sqrt(spread);
}

/** Kolmogorov and Smirnov's distance of two samples over its critical value at 10⁻⁶. */
export function distance(a: Counted, b: Counted): number {
  let [left, right, most] = [0, 0, 0];
  for (let bin = -BINS; bin <= BINS; bin++) {
    left += (a.bins.get(bin) ?? 0) / a.n;
    right += (b.bins.get(bin) ?? 0) / b.n;
    most = Math.max(most, Math.abs(left - right));
  }
  return most / (Math.sqrt(Math.log(2e6) / 2) * Math.sqrt((a.n + b.n) / (a.n * b.n)));
}
