/** Every mutant in one text means, when it is active, what the changed text alone means. */
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { instrument } from '../../../scripts/mutation/instrument.ts';
import { apply, mutants } from '../../../scripts/mutation/mutants.ts';

const numbered = (source: string) =>
  mutants(source).map((mutant, index) => ({ id: index + 1, mutant }));

/** What `result` is after the text ran with this mutant active, or what was thrown. */
function outcome(text: string, active: number, asked: Set<number> = new Set()): string {
  const context = {
    result: undefined as unknown,
    __nmpMutant(id: number) {
      asked.add(id);
      return id === active;
    },
  };
  try {
    runInNewContext(text, context, { timeout: 1_000 });
    return JSON.stringify(context.result) ?? 'undefined';
  } catch (error) {
    return `thrown: ${Reflect.get(Object(error), 'message')}`;
  }
}

const SOURCES = [
  'const a = 3, b = 5; result = a < b && !(a === b) ? a + b * 2 : a - b;',
  'let sum = 0; for (let i = 0; i < 4; i++) { if (i % 2 === 0) continue; sum += i << 1; } result = sum;',
  'const f = (x) => { if (x > 2) throw new Error("big"); return x; }; result = [f(1), f(2)];',
  'const out = []; out.push(1); if (out.length) out.push(2); else out.push(3); result = out;',
  'let n = null; result = [n ?? 4, (n ?? 1) ?? 2, true && 0 || 7];',
  'if (false) throw new Error("a"); else result = { 1: true, two: 2, [3]: 4 };',
  'let n = 6; let seen = 0; while (n > 0) { n -= 2; seen |= n; } result = [n, seen & 3, 5 % 3, 9 >> 1];',
];

describe('an instrumented text', () => {
  it.each(SOURCES)('without an active mutant is the text: %s', (source) => {
    expect(outcome(instrument(source, numbered(source)), 0)).toBe(outcome(source, 0));
  });

  it.each(SOURCES)('with one is the changed text: %s', (source) => {
    const all = numbered(source);
    expect(all.length).toBeGreaterThan(2);
    for (const { id, mutant } of all) {
      if (mutant.whole === undefined) continue;
      const changed = apply(source, mutant);
      const alone = outcome(changed, 0);
      // `a ?? b` changed beside `??` is no program, nor what the brackets make of it.
      if (alone.includes('Unexpected token')) continue;
      expect([id, changed, outcome(instrument(source, all), id)]).toEqual([id, changed, alone]);
    }
  });

  it('asks for the numbers that a run comes past, and for no others', () => {
    const source = 'result = 1 < 2 ? 3 : 4;';
    const all = numbered(source);
    const asked = new Set<number>();
    outcome(instrument(source, all), 0, asked);
    const of = (was: string) =>
      all.find(({ mutant }) => source.slice(mutant.start, mutant.end) === was);
    expect(asked.has(of('3')?.id ?? 0)).toBe(true);
    expect(asked.has(of('4')?.id ?? 0)).toBe(false);
  });

  it('keeps names of members, whose mutants are changes of the text', () => {
    const names = numbered('result = { 1: true };').filter(
      ({ mutant }) => mutant.whole === undefined,
    );
    expect(names.map(({ mutant }) => mutant.replacement)).toEqual(['2']);
  });
});
