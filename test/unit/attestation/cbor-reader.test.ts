/** CBOR (RFC 8949) has one shortest form of a value; the reader takes that one and no other. */
import { describe, expect, it } from 'vitest';
import { CborReader } from '../../../shared/attestation/cbor-reader.ts';
import { codeOf } from '../../support/code-of.ts';
import { bstr, head, hex, tstr } from './adversary/encode.ts';

const TRUNCATED = 'ATTESTATION_TRUNCATED';
const of = (bytes: Uint8Array | string) =>
  new CborReader(typeof bytes === 'string' ? hex(bytes) : bytes);

describe('the head of an item', () => {
  it.each<[bigint, string]>([
    [0n, '00'],
    [23n, '17'],
    [24n, '1818'],
    [255n, '18ff'],
    [256n, '190100'],
    [65_535n, '19ffff'],
    [65_536n, '1a00010000'],
    [0xffff_ffffn, '1affffffff'],
    [2n ** 32n, '1b0000000100000000'],
    [2n ** 64n - 1n, '1bffffffffffffffff'],
  ])('holds %s', (value, text) => {
    const reader = of(text);
    expect(reader.uint()).toBe(value);
    expect(() => reader.end()).not.toThrow();
    const bytes = hex(text);
    for (let cut = 0; cut < bytes.length; cut++) {
      expect(codeOf(() => of(bytes.subarray(0, cut)).uint())).toBe(TRUNCATED);
    }
  });

  it.each<[number | bigint, number]>([
    [23, 1],
    [255, 2],
    [65_535, 4],
    [0xffff_ffff, 8],
    [0, 1],
    [0, 8],
  ])('is refused if %s takes %s bytes', (value, width) => {
    expect(codeOf(() => of(head(0, value, width)).uint())).toBe('ATTESTATION_NON_MINIMAL');
  });

  it('is refused where its length is reserved or indefinite', () => {
    for (const reserved of ['1c', '1d', '1e']) {
      expect(codeOf(() => of(`${reserved}0000000000000000`).uint())).toBe('ATTESTATION_CBOR_TYPE');
    }
    expect(codeOf(() => of('1f').uint())).toBe('ATTESTATION_INDEFINITE');
    expect(codeOf(() => of('5f41ffff').bytes())).toBe('ATTESTATION_INDEFINITE');
  });
});

describe('an item', () => {
  it('is of one kind, and is read as no other', () => {
    const kinds = ['uint', 'negative', 'bytes', 'text', 'array', 'map', 'tag', 'simple'];
    expect(kinds.map((_, major) => of(head(major, 0)).kind())).toEqual(kinds);
    expect(of('f6').kind()).toBe('null');
    expect(of('f7').kind()).toBe('simple');
    expect(codeOf(() => of('').kind())).toBe(TRUNCATED);
    const reads = ['uint', 'negative', 'bytes', 'text', 'array', 'map', 'tag'] as const;
    for (const [at, read] of reads.entries()) {
      for (let major = 0; major < 8; major++) {
        expect(codeOf(() => of(head(major, 0))[read]())).toBe(
          major === at ? undefined : 'ATTESTATION_FIELD_TYPE',
        );
      }
    }
  });

  it('has the value that it is written as', () => {
    expect(of('20').negative()).toBe(-1n);
    expect(of('3822').negative()).toBe(-35n);
    expect(of('d2').tag()).toBe(18n);
    expect(of(bstr(hex('0102'))).bytes()).toEqual(hex('0102'));
    expect(of(tstr('é')).text()).toBe('é');
    expect(codeOf(() => of('61ff').text())).toBe('ATTESTATION_UTF8');
  });

  it('is no longer than the bytes that are left', () => {
    expect(of('420102').bytes()).toHaveLength(2);
    expect(codeOf(() => of('4201').bytes())).toBe(TRUNCATED);
    expect(codeOf(() => of('6261').text())).toBe(TRUNCATED);
    expect(of('820000').array()).toBe(2);
    expect(codeOf(() => of('8200').array())).toBe(TRUNCATED);
    expect(codeOf(() => of('a200').map())).toBe(TRUNCATED);
  });

  it('is a byte string or null, one after the other', () => {
    const reader = of('f64107f6');
    expect([reader.bytesOrNull(), reader.bytesOrNull()]).toEqual([undefined, hex('07')]);
    expect(codeOf(() => reader.end())).toBe('ATTESTATION_TRAILING');
    expect(reader.bytesOrNull()).toBeUndefined();
    expect(() => reader.end()).not.toThrow();
    expect(codeOf(() => reader.bytesOrNull())).toBe(TRUNCATED);
  });
});

describe('a map of either length', () => {
  const entries = (text: string) => {
    const reader = of(text);
    const seen: bigint[] = [];
    reader.eitherMap(() => seen.push(reader.uint()));
    reader.end();
    return seen;
  };

  it('has as many entries as it says, or all up to the break', () => {
    expect(entries('a0')).toEqual([]);
    expect(entries('a20102')).toEqual([1n, 2n]);
    expect(entries('bfff')).toEqual([]);
    expect(entries('bf0102ff')).toEqual([1n, 2n]);
    expect(codeOf(() => entries('bf0102'))).toBe(TRUNCATED);
    expect(codeOf(() => entries('a10102'))).toBe('ATTESTATION_TRAILING');
    expect(codeOf(() => entries('bf01ffff'))).toBe('ATTESTATION_TRAILING');
  });
});
