/** Figures of a load run: arrivals, quantiles, growth. Pure; randomness is handed in. */

/**
 * Intended times of an open loop, ms from its start: exponential gaps of `rate` a second, so that
 * calls come whether or not earlier ones were answered.
 */
export function arrivals(rate: number, seconds: number, random: () => number): number[] {
  const out: number[] = [];
  for (let at = 0; ; ) {
    at += (-Math.log(1 - random()) * 1000) / rate;
    if (at >= seconds * 1000) return out;
    out.push(at);
  }
}

/** Seeded, uniform in [0, 1): mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Nearest rank; NaN of nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

/**
 * Slope of y over x, the median of those of all pairs (Theil–Sen): one collection of garbage, which
 * bends a line by least squares either way, decides nothing. NaN with fewer than two different x.
 */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const slopes = points.flatMap(([x, y], index) =>
    points
      .slice(index + 1)
      .filter(([other]) => other !== x)
      .map(([otherX, otherY]) => (otherY - y) / (otherX - x)),
  );
  return quantile(slopes, 0.5);
}
