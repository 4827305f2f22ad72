import { describe, expect, it } from 'vitest';
import { valueBits } from '../../../shared/policy/value-bits.ts';
import { fits } from '../../../shared/policy/value-fit.ts';
import type { ValueSchema } from '../../../shared/policy/value-schema.ts';

const none: ValueSchema = { type: 'null' };
const cell: ValueSchema = { type: 'integer', minimum: -3, maximum: 4 };
const step: ValueSchema = { type: 'number', minimum: -1, maximum: 1, multipleOf: 0.1 };
const word: ValueSchema = { type: 'string', enum: ['yes', 'no'] };
const text: ValueSchema = { type: 'string', maxLength: 2, 'x-nmp-free-text': true };
const list: ValueSchema = { type: 'array', items: cell, minItems: 1, maxItems: 2 };
const record: ValueSchema = {
  type: 'object',
  properties: { a: cell, b: none },
  required: ['a'],
  additionalProperties: false,
};

describe('a value lies in its schema', () => {
  it.each<[string, ValueSchema, readonly unknown[], readonly unknown[]]>([
    ['null', none, [null], [undefined, 0, false, '']],
    ['boolean', { type: 'boolean' }, [true, false], [0, 1, null, 'true']],
    ['integer', cell, [-3, 0, 4], [-4, 5, 0.5, '0', 2 ** 53, Number.NaN, null]],
    ['number', step, [-1, 1, 0.3, 0.1 + 0.2], [-1.1, 1.1, 0.35, Number.NaN, '0', 2]],
    ['enum', word, ['yes', 'no'], ['Yes', '', 0, null]],
    // A character beyond the basic plane counts once; half of one is none.
    ['text', text, ['', 'ab', '😀😀'], ['abc', '\ud800', 7]],
    ['array', list, [[0], [0, 4]], [[], [0, 0, 0], [5], 'a', { 0: 0, length: 1 }]],
    [
      'object',
      record,
      [{ a: 0 }, { a: 0, b: null }],
      [{}, { b: null }, { a: 5 }, { a: 0, c: 0 }, [0], null, 'a'],
    ],
    ['anyOf', { anyOf: [none, word] }, [null, 'no'], ['maybe', 0]],
    ['anyOf of nothing', { anyOf: [] }, [], [null, 0]],
  ])('%s', (_, schema, inside, outside) => {
    expect(inside.map((value) => fits(schema, value))).toEqual(inside.map(() => true));
    expect(outside.map((value) => fits(schema, value))).toEqual(outside.map(() => false));
  });

  it('a name that every object inherits is no property', () => {
    const open: ValueSchema = { ...record, required: ['toString'] };
    expect(fits(open, { a: 0 })).toBe(false);
    expect(fits(record, { a: 0, toString: 0 })).toBe(false);
  });

  it('large steps have the tolerance of doubles, and no more', () => {
    const money: ValueSchema = { type: 'number', minimum: 0, maximum: 1e9, multipleOf: 0.01 };
    expect(fits(money, 123_456_789.01)).toBe(true);
    expect(fits(money, 123_456_789.015)).toBe(false);
    expect(fits(money, 0.010_000_01)).toBe(false);
  });
});

describe('the bits of an answer', () => {
  it.each<[string, ValueSchema, number]>([
    ['null', none, 0],
    ['boolean', { type: 'boolean' }, 1],
    ['integer', cell, 3],
    ['one integer', { type: 'integer', minimum: 7, maximum: 7 }, 0],
    // 21 steps and one more, since both ends may lie on one.
    ['number', step, Math.log2(22)],
    ['enum', word, 1],
    ['enum of one', { type: 'string', enum: ['a'] }, 0],
    ['list of one or two', list, Math.log2(64 / (1 - 1 / 8))],
    ['list of exactly two', { ...list, minItems: 2 }, 6],
    ['list of nothing but its length', { type: 'array', items: none, maxItems: 7 }, 3],
    ['as long as it wants', { type: 'array', items: none, minItems: 4, maxItems: 7 }, 2],
    ['record', record, 3 + 1],
    ['record of which all is needed', { ...record, required: ['a', 'b'] }, 3],
    ['record of which nothing is', { ...record, required: [] }, Math.log2(9) + 1],
    ['either', { anyOf: [cell, word] }, Math.log2(10)],
  ])('%s', (_, schema, bits) => {
    const counted = valueBits(schema);
    expect(counted).toBeGreaterThan(bits);
    expect(counted).toBeLessThan(bits + 1e-5);
  });

  it('of free text are those of all its characters', () => {
    const scalars = 0x11_0000 - 0x800;
    const exact = Math.log2(1 + scalars + scalars ** 2);
    expect(valueBits(text)).toBeGreaterThan(exact);
    expect(valueBits(text)).toBeLessThan(exact + 1e-5);
  });

  it('of nothing at all are less than none', () => {
    expect(valueBits({ anyOf: [] })).toBe(Number.NEGATIVE_INFINITY);
  });
});
