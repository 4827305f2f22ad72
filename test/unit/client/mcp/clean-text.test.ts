import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanJson, cleanText } from '../../../../client/mcp/clean-text.ts';

describe('text that a node wrote', () => {
  it.each([
    ['plain', 'Counts stays.', 'Counts stays.'],
    ['terminal escapes', '\u001b[2Jgone', '[2Jgone'],
    ['line breaks', 'one\r\n\ntwo\u2028three', 'one two three'],
    ['zero-width and bidirectional', 'a\u200b\u202eb\u2066c', 'a b c'],
    ['tag characters that only a model reads', 'x\u{e0041}\u{e0042}y', 'x y'],
    ['lone surrogates', 'a\ud800b', 'a b'],
    ['decomposed', 'e\u0301', 'é'],
  ])('is cleaned of %s', (_what, given, clean) => {
    expect(cleanText(given, 100)).toBe(clean);
  });

  it('is bounded in code points, with a mark where it was cut', () => {
    expect(cleanText('x'.repeat(50), 10)).toBe(`${'x'.repeat(9)}…`);
    expect([...cleanText('😀'.repeat(50), 10)]).toHaveLength(10);
  });

  it('holds neither hidden characters nor more than was asked for, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (given) => {
        const clean = cleanText(given, 64);
        expect([...clean].length).toBeLessThanOrEqual(64);
        expect(clean).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}]/u);
      }),
      { numRuns: 2000 },
    );
  });

  it('is cleaned in every key and value of JSON, of which only so much is kept', () => {
    expect(cleanJson({ 'a\u202e': ['b\u0000', 1, true, null] }, 10, 100)).toEqual({
      a: ['b', 1, true, null],
    });
    const wide = cleanJson(
      Array.from({ length: 1000 }, () => 'x'),
      10,
      50,
    );
    expect(Array.isArray(wide) && wide.filter((value) => value !== null).length).toBeLessThan(51);
    let deep: unknown = 'bottom';
    for (let i = 0; i < 100; i++) deep = [deep];
    expect(JSON.stringify(cleanJson(deep, 10, 1000))).not.toContain('bottom');
  });
});
