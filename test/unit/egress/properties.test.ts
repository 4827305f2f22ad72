/**
 * Laws of the scanner on arbitrary values. NMP_EGRESS_CASES=200000 for the long form.
 */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEgressFilter } from '../../../enclave/egress/egress-filter.ts';
import { loadScanner } from '../../../enclave/egress/scanner.ts';
import type { ValueSchema } from '../../../shared/policy/value-schema.ts';
import { drawOf } from '../../egress-corpus/draw.ts';
import { FINANCE, NATIONAL, PEOPLE } from '../../egress-corpus/values-people.ts';
import { TOKENS } from '../../egress-corpus/values-records.ts';

const cases = Number(process.env.NMP_EGRESS_CASES ?? 2000);
const scanner = loadScanner();
const scan = (output: string | Uint8Array) =>
  scanner.scan(typeof output === 'string' ? Buffer.from(output) : output, []);
const blocked = (output: string | Uint8Array) => {
  const { findings, undecodable } = scan(output);
  return undecodable || findings.length > 0;
};

/** Values that hold without a label, and strings that hold nothing. */
const strong = Object.values({ ...PEOPLE, ...NATIONAL, ...FINANCE }).filter(({ alone }) => alone);
const secret = fc
  .tuple(fc.nat(), fc.nat(strong.length + Object.keys(TOKENS).length - 1))
  .map(([seed, which]) => {
    const draw = drawOf(seed);
    const kind = strong[which];
    if (kind !== undefined) return kind.make(draw);
    return Object.values(TOKENS)[which - strong.length]?.(draw) ?? '';
  });
const plain = fc.string({ unit: fc.constantFrom(...'abcdefghij klmnop'), maxLength: 12 });
const value = fc.oneof({ weight: 1, arbitrary: secret }, { weight: 3, arbitrary: plain });
const record = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), value, { minKeys: 1 });

// The long form takes minutes.
describe('laws of the scanner', { timeout: 60_000 + 10 * cases }, () => {
  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(scan(bytes).findings.length).toBeLessThanOrEqual(64);
      }),
      { numRuns: cases },
    );
  });

  it('gives the same verdict for the same bytes', () => {
    fc.assert(
      fc.property(record, (fields) => {
        const text = JSON.stringify(fields);
        expect(scan(text)).toEqual(scan(text));
      }),
      { numRuns: cases / 4 },
    );
  });

  it('the filter does not mind the order of keys nor white space: both go before the scan', () => {
    const text: ValueSchema = { type: 'string', maxLength: 2000, 'x-nmp-free-text': true };
    const properties = { a: text, b: text, c: text, d: text, e: text };
    const schema: ValueSchema = { type: 'object', properties, additionalProperties: false };
    const filter = createEgressFilter({ scanner });
    const judge = (value: object, indent?: number) =>
      filter.judge(Buffer.from(JSON.stringify(value, null, indent)), {
        schema,
        policy: {},
        tables: [],
      });
    fc.assert(
      fc.property(record, (fields) => {
        const turned = Object.fromEntries(Object.entries(fields).reverse());
        const verdict = judge(fields);
        expect(judge(turned)).toEqual(verdict);
        expect(judge(fields, 1)).toEqual(verdict);
      }),
      { numRuns: cases / 4 },
    );
  });

  it('finds what is encoded if, and only if, it finds it plain', () => {
    const encoders: readonly ((text: string) => string | Uint8Array)[] = [
      (text) => Buffer.from(text).toString('base64'),
      (text) => Buffer.from(text).toString('hex'),
      (text) => gzipSync(text),
      (text) => gzipSync(text).toString('base64url'),
    ];
    fc.assert(
      fc.property(record, fc.constantFrom(...encoders), (fields, encode) => {
        const text = JSON.stringify({ fields, note: 'long enough to be an encoding' });
        expect(blocked(encode(text))).toBe(blocked(text));
      }),
      { numRuns: cases / 4 },
    );
  });
});
