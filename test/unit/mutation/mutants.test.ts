import { describe, expect, it } from 'vitest';
import { apply, interval, mutants } from '../../../scripts/mutation/mutants.ts';

const of = (source: string) => mutants(source).map((mutant) => apply(source, mutant));

describe('mutants', () => {
  it.each([
    ['f(a < b);', [';', 'f(a <= b);']],
    ['x = a && b;', ['x = a || b;']],
    ['x = a ?? b;', ['x = a && b;']],
    ['x = !a;', ['x = a;']],
    ['x = true;', ['x = false;']],
    ['x = 41;', ['x = 42;']],
    ['x += y;', ['x -= y;']],
    ['throw e;', [';']],
    ['if (a) b;', ['if (false) b;', 'if (true) b;']],
    ['while (a) b;', ['while (false) b;']],
    ['x = a ? b : c;', ['x = false ? b : c;', 'x = true ? b : c;']],
  ])('of %s', (source, expected) => expect(of(source).sort()).toEqual([...expected].sort()));

  it('types, imports and texts have none, what is cast has', () => {
    expect(of("import { a } from 'b'; type T = 1 | 2; const x: 3 = y; z = 'a';")).toEqual([]);
    expect(of('x = (a + b) as 4;')).toEqual(['x = (a - b) as 4;']);
  });

  it('a sign in a comment before the operator is no place outside the operands', () => {
    for (const text of of('x = a /* - */ + b;')) expect(text).toBe('x = a /* - */ - b;');
  });
});

it('Wilson’s interval holds the share, narrows with size, and stays within 0 and 100', () => {
  const [low, high] = interval(48, 60);
  expect([low.toFixed(1), high.toFixed(1)]).toEqual(['68.2', '88.2']);
  const [wide, narrow] = [interval(8, 10), interval(800, 1000)].map(([a, b]) => b - a);
  expect(wide).toBeGreaterThan(narrow ?? Number.NaN);
  expect(interval(10, 10)[1]).toBeCloseTo(100, 9);
  expect(interval(0, 10)[0]).toBeCloseTo(0, 9);
});
