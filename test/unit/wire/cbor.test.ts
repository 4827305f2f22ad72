import { describe, expect, it } from 'vitest';
import {
  CborFields,
  type CborValue,
  decodeCbor,
  encodeCbor,
  uint,
} from '../../../shared/wire/cbor.ts';
import { codeOf } from '../../support/code-of.ts';

const hex = (value: CborValue) => Buffer.from(encodeCbor(value)).toString('hex');
const fields = (entries: readonly (readonly [string, unknown])[], size = entries.length) =>
  new CborFields(new Map(entries), size);

describe('canonical CBOR', () => {
  // RFC 8949, appendix A.
  it.each<[number | bigint, string]>([
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [1_000_000, '1a000f4240'],
    [2 ** 32 - 1, '1affffffff'],
    [2 ** 32, '1b0000000100000000'],
    [1_000_000_000_000n, '1b000000e8d4a51000'],
    [2n ** 64n - 1n, '1bffffffffffffffff'],
  ])('%d as an unsigned integer is %s', (value, text) => {
    expect(hex(uint(value))).toBe(text);
  });

  it('takes bytes up to the limit, and not one more', () => {
    const bytes = encodeCbor([1, 2, 3]);
    expect(decodeCbor(bytes, bytes.length)).toEqual([1, 2, 3]);
    expect(codeOf(() => decodeCbor(bytes, bytes.length - 1))).toBe('FRAME_SIZE');
  });

  it.each([
    ['a longer form of a number', '1801'],
    ['an indefinite length', '9f01ff'],
    ['bytes behind the end', '0000'],
    ['an end in the middle', '8201'],
    ['a key twice', 'a2616101616102'],
    ['nothing', ''],
  ])('refuses %s', (_, text) => {
    expect(codeOf(() => decodeCbor(Buffer.from(text, 'hex'), 100))).toBe('FRAME_MALFORMED');
  });
});

describe('the fields of a map', () => {
  it('are as many as are asked for, and stand in their order', () => {
    expect(codeOf(() => fields([['a', 1]], 2))).toBe('FRAME_MALFORMED');
    expect(codeOf(() => new CborFields({ a: 1 }, 1))).toBe('FRAME_MALFORMED');
    const two = fields([
      ['a', 1],
      ['b', 2],
    ]);
    expect([two.uint('a'), two.uint('b')]).toEqual([1n, 2n]);
    expect(codeOf(() => two.uint('c'))).toBe('FRAME_MALFORMED');
    expect(codeOf(() => fields([['a', 1]]).uint('b'))).toBe('FRAME_MALFORMED');
  });

  it('are bytes of the length that is asked for, as a copy', () => {
    const given = Uint8Array.of(1, 2, 3);
    const read = fields([['a', given]]).bytes('a', 3);
    expect(read).toEqual(given);
    expect(read.buffer).not.toBe(given.buffer);
    expect(fields([['a', given]]).bytes('a')).toEqual(given);
    expect(codeOf(() => fields([['a', given]]).bytes('a', 2))).toBe('FRAME_MALFORMED');
    for (const other of ['abc', [1, 2, 3], null]) {
      expect(codeOf(() => fields([['a', other]]).bytes('a'))).toBe('FRAME_MALFORMED');
    }
  });

  it('are texts up to a length', () => {
    expect(fields([['a', 'xyz']]).text('a', 3)).toBe('xyz');
    expect(codeOf(() => fields([['a', 'xyz']]).text('a', 2))).toBe('FRAME_MALFORMED');
    expect(codeOf(() => fields([['a', 7]]).text('a', 3))).toBe('FRAME_MALFORMED');
  });

  it('are whole numbers from zero that JavaScript holds exactly', () => {
    const read = (value: unknown) => fields([['a', value]]).uint('a');
    expect([read(0), read(0n), read(2 ** 53 - 1), read(2n ** 64n - 1n)]).toEqual([
      0n,
      0n,
      2n ** 53n - 1n,
      2n ** 64n - 1n,
    ]);
    for (const wrong of [-1, -1n, 1.5, 2 ** 53, Number.NaN, '1', true]) {
      expect(codeOf(() => read(wrong))).toBe('FRAME_MALFORMED');
    }
  });

  it('are truth values and lists, and nothing that looks like them', () => {
    expect(fields([['a', false]]).boolean('a')).toBe(false);
    expect(fields([['a', true]]).boolean('a')).toBe(true);
    expect(codeOf(() => fields([['a', 0]]).boolean('a'))).toBe('FRAME_MALFORMED');
    expect(fields([['a', [1, 2]]]).array('a', 2)).toEqual([1, 2]);
    expect(codeOf(() => fields([['a', [1, 2]]]).array('a', 1))).toBe('FRAME_MALFORMED');
    expect(codeOf(() => fields([['a', 'ab']]).array('a', 2))).toBe('FRAME_MALFORMED');
  });
});
