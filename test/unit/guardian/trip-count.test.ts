/** Rounds of counted loops: exact where the start is known, and no claim where the counter wraps. */
import { describe, expect, it } from 'vitest';
import { COMPARE, mirror, negate, tripCount } from '../../../enclave/guardian/trip-count.ts';

const HOLDS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  ltS: (a, b) => a < b,
  ltU: (a, b) => a >>> 0 < b >>> 0,
  gtS: (a, b) => a > b,
  gtU: (a, b) => a >>> 0 > b >>> 0,
  leS: (a, b) => a <= b,
  leU: (a, b) => a >>> 0 <= b >>> 0,
  geS: (a, b) => a >= b,
  geU: (a, b) => a >>> 0 >= b >>> 0,
};
type Comparison = Exclude<keyof typeof COMPARE, 'eqz'>;
const NAMES = Object.keys(HOLDS) as Comparison[];
const nameOf = (op: number) => Object.entries(COMPARE).find(([, code]) => code === op)?.[0] ?? '?';
const [LEAST, MOST] = [-(2 ** 31), 2 ** 31 - 1];
const NUMBERS = [0, 1, 2, -1, -2, 100, -100, LEAST, LEAST + 1, MOST, MOST - 1];

describe('a comparison', () => {
  it.each(NAMES)('%s has an opposite and a mirror image', (name) => {
    const holds = HOLDS[name]!;
    const [opposite, image] = [nameOf(negate(COMPARE[name])), nameOf(mirror(COMPARE[name]))];
    for (const a of NUMBERS) {
      for (const b of NUMBERS) {
        expect(HOLDS[opposite]?.(a, b)).toBe(!holds(a, b));
        expect(HOLDS[image]?.(b, a)).toBe(holds(a, b));
      }
    }
  });

  it('has the opcode of the specification', () => {
    const codes = [
      'eqz',
      'eq',
      'ne',
      'ltS',
      'ltU',
      'gtS',
      'gtU',
      'leS',
      'leU',
      'geS',
      'geU',
    ] as const;
    expect(codes.map((name) => COMPARE[name])).toEqual(codes.map((_, at) => 0x45 + at));
  });
});

describe('the rounds of a loop', () => {
  const machine = (name: Comparison, limit: number, step: number, first: number) => {
    let rounds = 1;
    for (let at = first; HOLDS[name]!(at, limit); at = (at + step) | 0) {
      if (++rounds > 400) return undefined;
    }
    return rounds;
  };

  it('are those of a machine, where the start is known', () => {
    let claims = 0;
    for (const name of NAMES.filter((one) => one !== 'eq')) {
      for (const limit of NUMBERS) {
        for (const step of [1, 2, 3, 7, -1, -2, -3, -7]) {
          for (const away of [0, 1, 2, 3, 20, 21, 22, -1, -2, -3, -20, -21, -22]) {
            const first = (limit + away) | 0;
            const claim = tripCount(COMPARE[name], limit, step, first);
            if (claim < 0) continue;
            const rounds = machine(name, limit, step, first);
            if (rounds === undefined) expect(claim).toBeGreaterThan(400);
            else
              expect([name, limit, step, first, claim]).toEqual([name, limit, step, first, rounds]);
            claims++;
          }
        }
      }
    }
    expect(claims).toBeGreaterThan(3000);
  });

  it.each<[Comparison, number, number, number | undefined, number]>([
    // The counter can just reach its limit.
    ['ltS', MOST, 1, MOST - 1, 2],
    ['ltS', MOST, 2, MOST - 1, -1],
    ['ltS', MOST - 1, 2, MOST - 2, 2],
    ['leS', MOST, 1, MOST, -1],
    ['leS', MOST - 1, 1, MOST - 1, 2],
    ['ltU', -1, 1, -2, 2],
    ['ltU', -1, 2, -2, -1],
    ['leU', -1, 1, -1, -1],
    ['leU', -2, 1, -2, 2],
    ['gtS', LEAST, -1, LEAST + 1, 2],
    ['gtS', LEAST, -2, LEAST + 1, -1],
    ['gtS', LEAST + 1, -2, LEAST + 2, 2],
    ['geS', LEAST, -1, LEAST, -1],
    ['geS', LEAST + 1, -1, LEAST + 1, 2],
    ['gtU', 0, -1, 1, 2],
    ['gtU', 0, -2, 1, -1],
    ['geU', 0, -1, 0, -1],
    ['geU', 1, -1, 1, 2],
    // It goes the other way.
    ['ltS', 10, -1, 0, -1],
    ['gtS', 10, 1, 20, -1],
    ['leU', 10, -1, 0, -1],
    ['geU', 10, 1, 20, -1],
    // The comparison fails at once.
    ['ltS', 10, 1, 10, 1],
    ['ltS', 10, 1, 99, 1],
    ['gtU', 10, -1, 3, 1],
    // Nobody knows where it starts: at worst at the far end.
    ['ltU', 100, 1, undefined, 101],
    ['ltU', 100, 7, undefined, 16],
    ['leU', 100, 1, undefined, 102],
    ['ltS', 0, 1, undefined, 2 ** 31 + 1],
    ['gtS', 0, -1, undefined, 2 ** 31],
    ['geS', 0, -1, undefined, 2 ** 31 + 1],
    ['gtU', 100, -1, undefined, 2 ** 32 - 100],
    ['geU', 100, -1, undefined, 2 ** 32 - 99],
    // Equality holds for one round, inequality until the counter is met.
    ['eq', 5, 1, 5, 2],
    ['eq', 5, 3, undefined, 2],
    ['ne', 10, 1, 0, 11],
    ['ne', 10, 5, 0, 3],
    ['ne', 10, 3, 0, -1],
    ['ne', 0, -1, 10, 11],
    ['ne', 0, -4, 10, -1],
    ['ne', 0, 1, 1, 2 ** 32],
    ['ne', 5, 1, 5, 1],
    ['ne', 0, 1, undefined, 2 ** 32],
    ['ne', 0, -1, undefined, 2 ** 32],
    ['ne', 0, 2, undefined, -1],
    // It stands still.
    ['ltS', 10, 0, 0, -1],
    ['ne', 10, 0, 10, -1],
    ['eq', 10, 0, 10, -1],
  ])('%s %s by %s from %s', (name, limit, step, first, rounds) => {
    expect(tripCount(COMPARE[name], limit, step, first)).toBe(rounds);
  });
});
