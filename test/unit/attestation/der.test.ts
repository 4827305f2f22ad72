/** DER (X.690) has one encoding of a value; whoever writes another has something to hide. */
import { describe, expect, it } from 'vitest';
import { DerReader, TAG } from '../../../shared/attestation/der.ts';
import { codeOf } from '../../support/code-of.ts';

const MALFORMED = 'ATTESTATION_CERTIFICATE_MALFORMED';
const of = (...bytes: readonly number[]) => new DerReader(Uint8Array.from(bytes));
const element = (tag: number, content: readonly number[] | string) => {
  const bytes = typeof content === 'string' ? [...Buffer.from(content)] : content;
  return of(tag, bytes.length, ...bytes);
};
const zeros = (count: number) => Array.from({ length: count }, () => 0);

describe('an element', () => {
  it.each<[string, readonly number[], number]>([
    ['empty', [4, 0], 0],
    ['of one byte', [4, 1, 9], 1],
    ['of 127 bytes', [4, 127, ...zeros(127)], 127],
    ['of 128 bytes', [4, 0x81, 128, ...zeros(128)], 128],
    ['of 255 bytes', [4, 0x81, 255, ...zeros(255)], 255],
    ['of 256 bytes', [4, 0x82, 1, 0, ...zeros(256)], 256],
    ['of 1000 bytes', [4, 0x82, 3, 0xe8, ...zeros(1000)], 1000],
  ])('%s is read', (_, bytes, length) => {
    const reader = of(...bytes);
    const { tag, whole, content } = reader.any();
    expect([tag, whole.length, content.length]).toEqual([4, bytes.length, length]);
    expect(reader.done).toBe(true);
    expect(() => reader.end()).not.toThrow();
  });

  it.each<[string, readonly number[]]>([
    ['nothing', []],
    ['a tag alone', [4]],
    ['content that is cut', [4, 2, 9]],
    ['a tag of several bytes', [0x1f, 0x81, 0x01, 0]],
    ['an indefinite length', [0x30, 0x80, 0, 0]],
    ['a long form of a short length', [4, 0x81, 127, ...zeros(127)]],
    ['two bytes for a length of one', [4, 0x82, 0, 255, ...zeros(255)]],
    ['three bytes of length', [4, 0x83, 0, 1, 0, ...zeros(256)]],
    ['a length that is cut', [4, 0x82, 1]],
    ['a length without its byte', [4, 0x81]],
  ])('is refused: %s', (_, bytes) => {
    expect(codeOf(() => of(...bytes).any())).toBe(MALFORMED);
  });

  it('has the tag that is asked for, and nothing behind the last', () => {
    expect(codeOf(() => of(4, 0).next(TAG.integer))).toBe(MALFORMED);
    expect(of(4, 0).peek()).toBe(4);
    const two = of(0x30, 2, 4, 0, 5, 0);
    two.sequence().next(TAG.octetString);
    expect(two.done).toBe(false);
    expect(codeOf(() => two.end())).toBe(MALFORMED);
  });
});

describe('values', () => {
  it('BOOLEAN is FF or 00', () => {
    expect(element(TAG.boolean, [0xff]).boolean()).toBe(true);
    expect(element(TAG.boolean, [0]).boolean()).toBe(false);
    for (const wrong of [[], [1], [0xfe], [0xff, 0xff], [0, 0]]) {
      expect(codeOf(() => element(TAG.boolean, wrong).boolean())).toBe(MALFORMED);
    }
  });

  it('INTEGER is positive and as short as it can be', () => {
    const read = (bytes: readonly number[]) => [...element(TAG.integer, bytes).positiveInteger()];
    expect(read([0])).toEqual([0]);
    expect(read([127])).toEqual([127]);
    expect(read([0, 128])).toEqual([128]);
    expect(read([1, 0])).toEqual([1, 0]);
    for (const wrong of [[], [128], [0xff, 0], [0, 127], [0, 0]]) {
      expect(codeOf(() => read(wrong))).toBe(MALFORMED);
    }
  });

  it('BIT STRING says how many bits are unused, and those are zero', () => {
    const read = (bytes: readonly number[]) => element(TAG.bitString, bytes).bitString();
    expect(read([0])).toEqual({ unused: 0, bits: new Uint8Array(0) });
    expect(read([0, 1])).toEqual({ unused: 0, bits: Uint8Array.of(1) });
    expect(read([7, 0x80])).toEqual({ unused: 7, bits: Uint8Array.of(0x80) });
    expect(read([3, 0xff, 0xf8]).bits).toEqual(Uint8Array.of(0xff, 0xf8));
    for (const wrong of [[], [1], [8, 0], [1, 1], [7, 0xc0], [3, 0xff, 0xf4]]) {
      expect(codeOf(() => read(wrong))).toBe(MALFORMED);
    }
  });

  it('times are whole seconds of a day that exists, each in the one form for its year', () => {
    const utc = (text: string) => element(TAG.utcTime, text).time();
    const general = (text: string) => element(TAG.generalizedTime, text).time();
    expect(utc('500101000000Z')).toBe(Date.UTC(1950, 0, 1));
    expect(utc('991231235959Z')).toBe(Date.UTC(1999, 11, 31, 23, 59, 59));
    expect(utc('000229120000Z')).toBe(Date.UTC(2000, 1, 29, 12));
    expect(utc('491231235959Z')).toBe(Date.UTC(2049, 11, 31, 23, 59, 59));
    expect(general('20500101000000Z')).toBe(Date.UTC(2050, 0, 1));
    for (const wrong of [
      ...['250229000000Z', '250431000000Z', '251301000000Z', '250001000000Z', '250100000000Z'],
      ...['250101240000Z', '250101006000Z', '250101000060Z', '2501010000Z', '250101000000+0100'],
      ...['250101000000', '25010100000zZ', ''],
    ]) {
      expect([wrong, codeOf(() => utc(wrong))]).toEqual([wrong, MALFORMED]);
    }
    for (const wrong of ['20491231235959Z', '20500101000000.5Z', '500101000000Z']) {
      expect([wrong, codeOf(() => general(wrong))]).toEqual([wrong, MALFORMED]);
    }
    expect(codeOf(() => element(TAG.octetString, '250101000000Z').time())).toBe(MALFORMED);
  });
});
