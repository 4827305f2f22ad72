/**
 * How much an answer can say: the base-2 logarithm of the number of values that a value schema
 * allows, rounded up where it must be rounded. Whatever a module hides in an answer (low digits,
 * order, counts, XOR with a key) is one of these values, since only the canonical form leaves.
 */
import type { ValueSchema } from './value-schema.ts';

/** Unicode scalar values: what one character of free text can be. */
const SCALARS = 0x11_0000 - 0x800;
/** Added to every result: more than all roundings of doubles on the way. */
const SLACK = 2 ** -20;

/** log2(2^a + 2^b) without leaving the range of doubles. */
function plus(a: number, b: number): number {
  const high = Math.max(a, b);
  if (high === Number.NEGATIVE_INFINITY) return high;
  return high + Math.log2(1 + 2 ** (Math.min(a, b) - high));
}

/** log2 of the sum of base^k for k from `least` to `most`. */
function lengths(bits: number, least: number, most: number): number {
  if (bits === 0) return Math.log2(most - least + 1);
  // A geometric series: its largest term times at most 1 / (1 − 1/base).
  return bits * most - (most === least ? 0 : Math.log2(1 - 2 ** -bits));
}

function count(schema: ValueSchema): number {
  if ('anyOf' in schema) {
    return schema.anyOf.map(count).reduce(plus, Number.NEGATIVE_INFINITY);
  }
  switch (schema.type) {
    case 'null':
      return 0;
    case 'boolean':
      return 1;
    case 'integer':
      return Math.log2(Math.max(1, schema.maximum - schema.minimum + 1));
    case 'number':
      // Both ends of the range may lie on a step.
      return Math.log2(
        Math.max(1, Math.floor((schema.maximum - schema.minimum) / schema.multipleOf) + 2),
      );
    case 'string':
      if ('enum' in schema) return Math.log2(Math.max(1, new Set(schema.enum).size));
      return lengths(Math.log2(SCALARS), 0, schema.maxLength);
    case 'array':
      return lengths(count(schema.items), schema.minItems ?? 0, schema.maxItems);
    case 'object': {
      const required = new Set(schema.required ?? []);
      return Object.entries(schema.properties).reduce(
        (sum, [name, property]) =>
          sum + (required.has(name) ? count(property) : plus(count(property), 0)),
        0,
      );
    }
  }
}

/** Upper bound of the information in one answer, bits. */
export function valueBits(schema: ValueSchema): number {
  return count(schema) + SLACK;
}
