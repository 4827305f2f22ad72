import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { historyOf, OTHER_CODES } from '../../../../client/console/history.ts';

const at = (ms: number) => new Date(ms).toISOString();
const HOUR = 3_600_000;

describe('calls over time', () => {
  it('is empty without calls', () => {
    expect(historyOf([])).toMatchObject({ startsMs: [], series: [] });
  });

  it('counts each call in its span, most frequent code first', () => {
    const { spanMs, startsMs, series } = historyOf([
      { code: 'EGRESS_BLOCKED', at: at(2 * HOUR) },
      { code: 'RELEASED', at: at(0) },
      { code: 'RELEASED', at: at(1) },
    ]);
    expect(spanMs).toBe(600_000);
    expect(startsMs).toHaveLength(13);
    expect(series.map(({ code }) => code)).toEqual(['RELEASED', 'EGRESS_BLOCKED']);
    expect(series[0]?.counts.slice(0, 2)).toEqual([2, 0]);
    expect(series[1]?.counts.at(-1)).toBe(1);
  });

  it('adds up the rarest of many codes', () => {
    const events = 'ABCDEFGH'.split('').map((code) => ({ code, at: at(0) }));
    const { series } = historyOf([...events, { code: 'H', at: at(0) }]);
    expect(series.map(({ code }) => code)).toEqual(['H', 'A', 'B', 'C', 'D', OTHER_CODES]);
    expect(series.at(-1)?.counts).toEqual([3]);
  });

  it('loses no call within 96 weeks, in at most 96 spans', () => {
    const time = fc.integer({ min: 0, max: 95 * 7 * 24 * HOUR });
    const calls = fc.array(fc.record({ code: fc.constantFrom('A', 'B', 'C'), at: time.map(at) }));
    fc.assert(
      fc.property(calls, (events) => {
        const { startsMs, series } = historyOf(events);
        expect(startsMs.length).toBeLessThanOrEqual(96);
        const sum = series.flatMap(({ counts }) => counts).reduce((a, b) => a + b, 0);
        expect(sum).toBe(events.length);
      }),
    );
  });
});
