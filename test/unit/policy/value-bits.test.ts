import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { valueBits } from '../../../shared/policy/value-bits.ts';
import { fits } from '../../../shared/policy/value-fit.ts';
import type { ValueSchema } from '../../../shared/policy/value-schema.ts';
import { canonicalJson } from '../../../shared/wire/canonical-json.ts';

/** Every value of a small schema, by trying all of a universe that holds them. */
const LEAVES: readonly unknown[] = [null, true, false, -1, 0, 1, 2, 3, 0.5, 1.5, 'a', 'b', ''];

function universe(depth: number): unknown[] {
  if (depth === 0) return [...LEAVES];
  const below = universe(0);
  const lists = below.flatMap((a) => [[a], ...below.map((b) => [a, b])]);
  const objects = below.flatMap((a) => [{ x: a }, { y: a }, ...below.map((b) => ({ x: a, y: b }))]);
  return [...below, [], {}, ...lists, ...objects];
}
const ALL = universe(1);

const leaf = fc.constantFrom<ValueSchema>(
  { type: 'integer', minimum: -1, maximum: 2 },
  { type: 'number', minimum: 0, maximum: 1.5, multipleOf: 0.5 },
  { type: 'boolean' },
  { type: 'null' },
  { type: 'string', enum: ['a', 'b'] },
  { type: 'string', enum: ['a'] },
);
const schema = fc.oneof(
  leaf,
  fc.tuple(leaf, leaf).map((anyOf): ValueSchema => ({ anyOf })),
  fc
    .record({ items: leaf, minItems: fc.constantFrom(0, 1, 2) })
    .map((array): ValueSchema => ({ type: 'array', maxItems: 2, ...array })),
  fc
    .record({ x: leaf, y: leaf, required: fc.subarray(['x', 'y']) })
    .map(({ x, y, required }): ValueSchema => {
      return { type: 'object', properties: { x, y }, required, additionalProperties: false };
    }),
);

describe('the information in one answer', () => {
  it('is never below what the schema lets through', () => {
    fc.assert(
      fc.property(schema, (s) => {
        const values = new Set(ALL.filter((v) => fits(s, v)).map((v) => canonicalJson(v)));
        expect(2 ** valueBits(s)).toBeGreaterThanOrEqual(values.size);
        expect(valueBits(s)).toBeLessThanOrEqual(Math.log2(values.size + 1) + 2);
      }),
      { numRuns: 300 },
    );
  });

  it('is what can be worked out by hand', () => {
    const cell: ValueSchema = { type: 'integer', minimum: 0, maximum: 255 };
    expect(valueBits(cell)).toBeCloseTo(8, 4);
    const row: ValueSchema = { type: 'array', items: cell, minItems: 10, maxItems: 10 };
    expect(valueBits(row)).toBeCloseTo(80, 4);
    const text: ValueSchema = { type: 'string', maxLength: 100, 'x-nmp-free-text': true };
    expect(valueBits(text)).toBeGreaterThan(2000);
    expect(valueBits({ ...row, maxItems: 100_000 })).toBeLessThan(800_001);
  });
});
