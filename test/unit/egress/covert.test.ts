/** Channels that no detector sees: nothing of them, or a stated number of bits, gets through. */
import { describe, expect, it } from 'vitest';
import { createEgressFilter } from '../../../enclave/egress/egress-filter.ts';
import { loadScanner } from '../../../enclave/egress/scanner.ts';
import { valueBits } from '../../../shared/policy/value-bits.ts';
import type { ValueSchema } from '../../../shared/policy/value-schema.ts';

const schema: ValueSchema = {
  type: 'object',
  properties: {
    mean: { type: 'number', minimum: 0, maximum: 300, multipleOf: 0.1 },
    n: { type: 'integer', minimum: 0, maximum: 5000 },
    site: { type: 'string', enum: ['north', 'south'] },
  },
  required: ['mean', 'n', 'site'],
  additionalProperties: false,
};
const filter = createEgressFilter({ scanner: loadScanner() });
const judge = (text: string) => filter.judge(Buffer.from(text), { schema, policy: {}, tables: [] });
const released = (text: string) => {
  const { output } = judge(text);
  return output === undefined ? 'blocked' : Buffer.from(output).toString();
};
const PLAIN = '{"mean":61.5,"n":120,"site":"north"}';

describe('channels beside the values of the schema', () => {
  it.each<[string, string]>([
    ['white space', '{ "mean":61.5,\t"n":120,\n"site":"north"}  '],
    ['order of keys', '{"site":"north","n":120,"mean":61.5}'],
    ['form of numbers', '{"mean":6.15e1,"n":1.2E2,"site":"north"}'],
    ['trailing zeros', '{"mean":61.500000,"n":120,"site":"north"}'],
    ['digits beyond a double', '{"mean":61.50000000000000000001,"n":120,"site":"north"}'],
    ['escapes', '{"mean":61.5,"n":120,"site":"\\u006eorth"}'],
    ['keys twice', '{"mean":1,"mean":61.5,"n":120,"site":"north"}'],
  ])('%s carry nothing', (_name, text) => {
    expect(released(text)).toBe(PLAIN);
  });

  it.each<[string, string]>([
    ['low digits', '{"mean":61.50003,"n":120,"site":"north"}'],
    ['case', '{"mean":61.5,"n":120,"site":"North"}'],
    ['zero-width characters', '{"mean":61.5,"n":120,"site":"nor\u200bth"}'],
    ['a key more', '{"mean":61.5,"n":120,"site":"north","x":1}'],
    ['a key less', '{"mean":61.5,"n":120}'],
    ['a count out of range', '{"mean":61.5,"n":5001,"site":"north"}'],
    ['text behind', `${PLAIN}{}`],
    ['negative zero', '{"mean":61.5,"n":120,"site":-0}'],
  ])('%s are refused', (_name, text) => {
    expect(released(text)).toBe('blocked');
  });

  it('what is left is what the schema allows, and its bound is known', () => {
    const bound = valueBits(schema);
    expect(bound).toBeGreaterThan(Math.log2(3001 * 5001 * 2));
    expect(bound).toBeLessThan(Math.log2(3001 * 5001 * 2) + 0.01);
  });
});
