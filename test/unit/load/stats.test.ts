import { expect, it } from 'vitest';
import { arrivals, quantile, seeded, slope } from '../../../scripts/load/stats.ts';

it('calls arrive at the rate, in order, and alike for a seed', () => {
  const times = arrivals(100, 60, seeded(1));
  expect(times).toEqual(arrivals(100, 60, seeded(1)));
  expect(times).not.toEqual(arrivals(100, 60, seeded(2)));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times.at(-1)).toBeLessThan(60_000);
  // 6,000 ± four standard deviations of a Poisson count.
  expect(Math.abs(times.length - 6000)).toBeLessThan(310);
});

it('gaps vary as exponential ones do: their deviation is their mean', () => {
  const times = arrivals(100, 100, seeded(3));
  const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
  expect(deviation / mean).toBeGreaterThan(0.95);
  expect(deviation / mean).toBeLessThan(1.05);
});

it('quantiles are nearest ranks of any order', () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect([0, 0.5, 0.99, 1].map((q) => quantile(values, q))).toEqual([1, 50, 99, 100]);
  expect(quantile([], 0.5)).toBeNaN();
});

it('a slope is exact on a line, flat noise has none, and one step down hides none', () => {
  expect(slope([0, 1, 2, 5].map((x) => [x, 3 * x + 7] as const))).toBeCloseTo(3, 12);
  expect(slope([0, 1, 2, 3].map((x) => [x, x % 3 === 0 ? 1 : 0] as const))).toBeCloseTo(0, 12);
  const collected = Array.from({ length: 100 }, (_, x) => [x, (x < 15 ? 200 : 0) + 3 * x] as const);
  expect(slope(collected)).toBeCloseTo(3, 1);
  expect(slope([[1, 1]])).toBeNaN();
});
