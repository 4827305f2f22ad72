/** Each limit of a document, on both sides of its edge. */
import { describe, expect, it } from 'vitest';
import {
  DOCUMENT_BYTES_MAX,
  decodeAttestationDocument,
} from '../../../shared/attestation/document.ts';
import { concat } from '../../../shared/bytes.ts';
import { codeOf } from '../../support/code-of.ts';
import {
  build,
  type Draft,
  NONCE,
  pcrMap,
  pcrValue,
  setField,
  USER_DATA,
} from './adversary/draft.ts';
import { array, bstr, hex, map, NULL, tstr, uint } from './adversary/encode.ts';

const decode = (change: (draft: Draft) => unknown) =>
  decodeAttestationDocument(build(change).bytes).document;
const refusal = (change: (draft: Draft) => unknown) => codeOf(() => decode(change));
const field = (name: string, value: Uint8Array) => (draft: Draft) => setField(draft, name, value);
const many = (count: number, length: number) =>
  array(...Array.from({ length: count }, () => bstr(new Uint8Array(length).fill(1))));

describe('a document', () => {
  it('is read as it was written', () => {
    const { bytes } = build();
    const signed = decodeAttestationDocument(bytes);
    expect(signed.protectedHeader).toEqual(hex('a1013822'));
    expect(signed.signature).toHaveLength(96);
    const { document } = signed;
    expect(document.moduleId).toBe('i-0123456789abcdef0-enc0123456789abcdef');
    expect(document.digest).toBe('SHA384');
    expect([...document.pcrs.keys()]).toEqual(Array.from({ length: 16 }, (_, index) => index));
    expect(document.pcrs.get(15)).toEqual(pcrValue(15));
    expect(document.cabundle).toHaveLength(4);
    expect([document.publicKey, document.userData, document.nonce]).toEqual([
      undefined,
      USER_DATA,
      NONCE,
    ]);
  });

  it('has 16 KiB at most', () => {
    const padded = (length: number) =>
      codeOf(() => decodeAttestationDocument(new Uint8Array(length)));
    expect(padded(DOCUMENT_BYTES_MAX)).toBe('ATTESTATION_STRUCTURE');
    expect(padded(DOCUMENT_BYTES_MAX + 1)).toBe('ATTESTATION_TOO_LARGE');
  });

  it('is signed at a time between 1970 and the end of the year 9999', () => {
    const last = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
    for (const ms of [1, last]) {
      expect(decode(field('timestamp', uint(ms))).timestampMs).toBe(ms);
    }
    for (const ms of [0, last + 1]) {
      expect(refusal(field('timestamp', uint(ms)))).toBe('ATTESTATION_TIMESTAMP');
    }
  });

  it('names its module in 1 to 128 printable characters', () => {
    for (const text of [' ', '~', 'i'.repeat(128)]) {
      expect(decode(field('module_id', tstr(text))).moduleId).toBe(text);
    }
    for (const text of ['', 'i'.repeat(129), '\u001f', '\u007f', 'é', 'i\n', '\ni']) {
      expect(refusal(field('module_id', tstr(text)))).toBe('ATTESTATION_MODULE_ID');
    }
  });

  it('measures 1 to 32 registers of 48 bytes, numbered below 32', () => {
    expect([...decode(field('pcrs', pcrMap(1, 31))).pcrs.keys()]).toEqual([31]);
    expect(decode(field('pcrs', pcrMap(32))).pcrs.size).toBe(32);
    expect(refusal(field('pcrs', pcrMap(1, 32)))).toBe('ATTESTATION_PCR_INDEX');
    for (const length of [47, 49]) {
      const value = bstr(new Uint8Array(length));
      expect(refusal(field('pcrs', map([uint(0), value])))).toBe('ATTESTATION_PCR_LENGTH');
    }
  });

  it('has certificates of 1 to 1024 bytes, and a bundle of 1 to 8', () => {
    for (const length of [1, 1024]) {
      const value = new Uint8Array(length).fill(1);
      expect(decode(field('certificate', bstr(value))).certificate).toEqual(value);
      expect(decode(field('cabundle', many(1, length))).cabundle).toEqual([value]);
    }
    expect(decode(field('cabundle', many(8, 1))).cabundle).toHaveLength(8);
    expect(refusal(field('cabundle', many(9, 1)))).toBe('ATTESTATION_BUNDLE');
    expect(refusal(field('cabundle', many(1, 1025)))).toBe('ATTESTATION_CERTIFICATE_SIZE');
    expect(refusal(field('certificate', bstr(new Uint8Array(1025))))).toBe(
      'ATTESTATION_CERTIFICATE_SIZE',
    );
  });

  it.each([
    ['public_key', 'publicKey'],
    ['user_data', 'userData'],
    ['nonce', 'nonce'],
  ] as const)('carries a %s of up to 1024 bytes, or none', (name, key) => {
    for (const length of [1, 1024]) {
      expect(decode(field(name, bstr(new Uint8Array(length))))[key]).toHaveLength(length);
    }
    for (const nothing of [NULL, hex('40')])
      expect(decode(field(name, nothing))[key]).toBeUndefined();
    expect(refusal(field(name, bstr(new Uint8Array(1025))))).toBe('ATTESTATION_FIELD_SIZE');
  });

  it('stands under the tag of COSE_Sign1 or under none', () => {
    const under = (tag: string) =>
      refusal((draft) => {
        draft.outer = (items) => concat(hex(tag), array(...items));
      });
    expect(under('')).toBeUndefined();
    expect(under('d2')).toBeUndefined();
    expect(under('d1')).toBe('ATTESTATION_TAG');
    expect(under('d3')).toBe('ATTESTATION_TAG');
    expect(under('d2d2')).toBe('ATTESTATION_TAG');
  });

  it('is signed with 96 bytes over a payload that is there', () => {
    const at = (place: number, item: Uint8Array) =>
      refusal((draft) => {
        draft.elements = (items) => items.map((old, i) => (i === place ? item : old));
      });
    expect(at(3, bstr(new Uint8Array(96)))).toBeUndefined();
    for (const length of [0, 95, 97]) {
      expect(at(3, bstr(new Uint8Array(length)))).toBe('ATTESTATION_SIGNATURE_SIZE');
    }
    expect(at(3, tstr('a'.repeat(96)))).toBe('ATTESTATION_STRUCTURE');
    expect(at(2, NULL)).toBe('ATTESTATION_DETACHED');
    expect(at(2, hex('40'))).toBe('ATTESTATION_DETACHED');
    expect(at(2, hex('00'))).toBe('ATTESTATION_STRUCTURE');
    expect(at(1, hex('a10102'))).toBe('ATTESTATION_HEADER');
    expect(at(1, NULL)).toBe('ATTESTATION_HEADER');
    expect(at(0, NULL)).toBe('ATTESTATION_STRUCTURE');
  });
});
