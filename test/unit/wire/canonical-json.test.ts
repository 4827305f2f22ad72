import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, nestsWithin } from '../../../shared/wire/canonical-json.ts';

describe('canonicalJson', () => {
  it('sorts members by UTF-16 code units as in RFC 8785, section 3.2.3', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect(Object.values(JSON.parse(canonicalJson(value)))).toEqual([
      // JSON.parse lists integer keys first whatever the text says; the text is checked below.
      'One',
      'Carriage Return',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
    expect(canonicalJson(value)).toMatch(/^\{"\\r":.*,"1":/);
  });

  it.each([
    [Number('333333333.33333329'), '333333333.3333333'],
    [1e30, '1e+30'],
    [4.5, '4.5'],
    [2e-3, '0.002'],
    [0.000000000000000000000000001, '1e-27'],
    [-0, '0'],
  ])('writes numbers as RFC 8785, appendix B, does: %s', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  it.each([
    ['NaN', Number.NaN],
    ['infinity', { a: Number.POSITIVE_INFINITY }],
    ['a lone surrogate', ['\ud800']],
    ['a lone surrogate in a key', { '\udc00': 1 }],
    ['undefined', { a: undefined }],
    ['a big integer', 1n],
    ['a function', () => 1],
    ['a date', new Date(0)],
    ['bytes', Uint8Array.of(1)],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });

  it('refuses a cycle and deep nesting', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(() => canonicalJson(cycle)).toThrow(TypeError);
    expect(() => canonicalJson(JSON.parse(`${'['.repeat(66)}${']'.repeat(66)}`))).toThrow(
      TypeError,
    );
  });

  it('is a fixed point and keeps the value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(JSON.stringify(JSON.parse(text))).toHaveLength(text.length);
      }),
    );
  });
});

describe('nestsWithin', () => {
  it('counts levels of objects and arrays', () => {
    expect(nestsWithin(1, 0)).toBe(true);
    expect(nestsWithin([], 0)).toBe(false);
    expect(nestsWithin({ a: [1] }, 2)).toBe(true);
    expect(nestsWithin({ a: [[1]] }, 2)).toBe(false);
  });

  it('does not recurse', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`);
    expect(nestsWithin(deep, 64)).toBe(false);
  });
});
