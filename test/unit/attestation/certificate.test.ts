/** What a certificate says is read exactly, and each rule of it holds on both sides of its edge. */
import { describe, expect, it } from 'vitest';
import {
  type Certificate,
  checkSignatureRange,
  parseCertificate,
} from '../../../shared/attestation/certificate.ts';
import { concat } from '../../../shared/bytes.ts';
import { codeOf } from '../../support/code-of.ts';
import { type CertificateDraft, encodeCertificate, newDraft } from './adversary/draft.ts';
import { der, extension, hex, keyUsage, OID, sequence, utf8String } from './adversary/encode.ts';

const MALFORMED = 'ATTESTATION_CERTIFICATE_MALFORMED';
const CRITICAL = 'ATTESTATION_CERTIFICATE_CRITICAL';
const RANGE = 'ATTESTATION_SIGNATURE_RANGE';
const NULL = hex('0500');

/** The instance certificate with a change. */
function parse(change: (draft: CertificateDraft) => unknown): Certificate {
  const draft = newDraft().certificates[3]!;
  change(draft);
  return parseCertificate(encodeCertificate(draft));
}
const refusal = (change: (draft: CertificateDraft) => unknown) => codeOf(() => parse(change));
const constraints = (value: Uint8Array) =>
  parse((draft) => {
    draft.extensions = [extension(OID.basicConstraints, true, value)];
  });
const usage = (bits: string, behind = '') =>
  parse((draft) => {
    draft.extensions = [extension(OID.keyUsage, true, concat(der(0x03, hex(bits)), hex(behind)))];
  });

describe('an extension', () => {
  it('says whether the subject is a CA, and how many CAs may follow', () => {
    const read = (value: string) => {
      const { ca, pathLength } = constraints(sequence(hex(value)));
      return [ca, pathLength];
    };
    expect(read('')).toEqual([false, undefined]);
    expect(read('0101ff')).toEqual([true, undefined]);
    expect(read('0101ff020100')).toEqual([true, 0]);
    expect(read('0101ff020101')).toEqual([true, 1]);
    expect(read('0101ff020200ff')).toEqual([true, 255]);
    expect(codeOf(() => read('0101ff02020100'))).toBe(MALFORMED);
    expect(codeOf(() => read('0101ff0201000500'))).toBe(MALFORMED);
    expect(codeOf(() => read('0201000101ff'))).toBe(MALFORMED);
    expect(codeOf(() => constraints(concat(sequence(), NULL)))).toBe(MALFORMED);
    const without = parse((draft) => {
      draft.extensions = [keyUsage('0780')];
    });
    expect([without.ca, without.pathLength]).toEqual([false, undefined]);
  });

  it('names the uses of the key by their bits', () => {
    const read = (bits: string) => [...(usage(bits).keyUsage ?? [])];
    expect(read('0780')).toEqual([0]);
    expect(read('0186')).toEqual([0, 5, 6]);
    expect(read('0001')).toEqual([7]);
    expect(read('070080')).toEqual([8]);
    expect(read('00')).toEqual([]);
    expect(codeOf(() => usage('0780', '0500'))).toBe(MALFORMED);
    expect(parse((draft) => draft.extensions.pop()).keyUsage).toBeUndefined();
  });

  it('is told by the whole of its OID', () => {
    // 0.5.29.19, 1.5.29.19, 2.45.29.19, 2.85.29.19, 2.5.29, 2.5.29.19.0, 2.5.29.18, 2.5.157.19.
    for (const oid of [
      '051d13',
      '2d1d13',
      '7d1d13',
      '81251d13',
      '551d',
      '551d1300',
      '551d12',
      '55811d13',
    ]) {
      const value = sequence(hex('0101ff'));
      const other = (critical: boolean) => (draft: CertificateDraft) => {
        draft.extensions = [extension(oid, critical, value)];
      };
      expect([oid, refusal(other(true))]).toEqual([oid, CRITICAL]);
      expect([oid, parse(other(false)).ca]).toEqual([oid, false]);
    }
  });

  it('stands once, beside all others', () => {
    const oids = ['00', '01', '28', '2a0304', '2a0305', '2a8304', '551d0e', '551d23'];
    const all = oids.map((oid) => extension(oid, false, NULL));
    expect(refusal((draft) => draft.extensions.push(...all))).toBeUndefined();
    for (const one of all) {
      expect(refusal((draft) => draft.extensions.push(...all, one))).toBe(CRITICAL);
    }
  });

  it('has an OID in its one form, with arcs of 32 bits at most', () => {
    const named = (oid: string) =>
      refusal((draft) => draft.extensions.push(extension(oid, false, NULL)));
    expect(named('2a8fffffff7f')).toBeUndefined();
    for (const wrong of [
      '',
      '2a90808080 00',
      '2a8003',
      '802a',
      '2a03 84',
      '81',
      '2affffffffff7f',
    ]) {
      expect([wrong, named(wrong.replaceAll(' ', ''))]).toEqual([wrong, MALFORMED]);
    }
  });

  it('has nothing behind it', () => {
    const behind = (bytes: Uint8Array) => (draft: CertificateDraft) => {
      const { version, serial, algorithm, issuer, notBefore, notAfter, subject, spki } = draft;
      const validity = sequence(notBefore, notAfter);
      const list = der(0xa3, concat(sequence(...draft.extensions), bytes));
      draft.tbs = () => sequence(version, serial, algorithm, issuer, validity, subject, spki, list);
    };
    expect(refusal(behind(new Uint8Array(0)))).toBeUndefined();
    expect(refusal(behind(NULL))).toBe(MALFORMED);
  });
});

describe('a name', () => {
  const attribute = (...items: readonly Uint8Array[]) =>
    sequence(der(0x06, hex('550403')), ...items);
  const named = (...sets: readonly Uint8Array[]) =>
    refusal((draft) => {
      draft.subject = sequence(...sets);
    });
  const one = attribute(utf8String('a'));

  it('is a list of sets of attributes', () => {
    expect(named(der(0x31, one))).toBeUndefined();
    expect(named(der(0x31, one), der(0x31, one))).toBeUndefined();
    expect(named(der(0x31, concat(one, one)))).toBeUndefined();
    for (const wrong of [
      der(0x31, new Uint8Array(0)),
      sequence(one),
      der(0x31, attribute()),
      der(0x31, attribute(utf8String('a'), NULL)),
      der(0x31, der(0x31, concat(der(0x06, hex('550403')), utf8String('a')))),
      der(0x31, sequence(utf8String('a'), utf8String('a'))),
      der(0x31, sequence(der(0x06, hex('558003')), utf8String('a'))),
      der(0x31, concat(one, NULL)),
    ]) {
      expect(named(wrong)).toBe(MALFORMED);
    }
    expect(named(der(0x31, one), NULL)).toBe(MALFORMED);
  });
});

describe('a certificate', () => {
  it('is read as it was written', () => {
    const draft = newDraft().certificates[3]!;
    const bytes = encodeCertificate(draft);
    const read = parseCertificate(bytes);
    expect(read.der).toEqual(bytes);
    expect(read.issuer).toEqual(draft.issuer);
    expect(read.subject).toEqual(draft.subject);
    expect(read.publicKey).toEqual(draft.spki);
    expect(read.notAfterMs - read.notBeforeMs).toBe(86_400_000 + 60_000);
    expect([read.ca, read.pathLength, [...(read.keyUsage ?? [])]]).toEqual([true, 0, [5]]);
    expect(read.signature).toHaveLength(96);
    expect(Buffer.from(bytes).indexOf(Buffer.from(read.signed))).toBe(4);
  });

  it.each<[string, (draft: CertificateDraft) => Partial<CertificateDraft>]>([
    ['a serial of 20 bytes', () => ({ serial: der(2, new Uint8Array(20).fill(0x11)) })],
    ['a serial of one byte', () => ({ serial: hex('020101') })],
    [
      'a serial of 160 bits',
      () => ({ serial: der(2, concat(hex('00'), new Uint8Array(20).fill(0xff))) }),
    ],
    ['a serial with a zero byte', () => ({ serial: hex('02020100') })],
  ])('may have %s', (_, change) => {
    expect(refusal((draft) => Object.assign(draft, change(draft)))).toBeUndefined();
  });

  it.each<[string, (draft: CertificateDraft) => Partial<CertificateDraft>]>([
    ['a serial of 161 bits', () => ({ serial: der(2, concat(hex('01'), new Uint8Array(20))) })],
    ['a version in two bytes', () => ({ version: hex('a00402020200') })],
    ['a version with something behind it', () => ({ version: hex('a0050201020500') })],
    ['three times', (draft) => ({ notAfter: concat(draft.notAfter, draft.notAfter) })],
    ['one time', () => ({ notAfter: new Uint8Array(0) })],
    [
      'something behind the signature',
      () => ({ whole: (bytes) => sequence(bytes.subarray(4), NULL) }),
    ],
  ])('may not have %s', (_, change) => {
    expect(refusal((draft) => Object.assign(draft, change(draft)))).toBe(MALFORMED);
  });
});

describe('a signature', () => {
  const N = hex(
    'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  );
  const less = N.map((byte, at) => (at === 47 ? byte - 1 : byte));
  const more = N.map((byte, at) => (at === 47 ? byte + 1 : byte));
  const one = new Uint8Array(48).fill(1, 47);
  const zero = new Uint8Array(48);

  it('has two numbers from one to the order less one', () => {
    for (const good of [one, less]) {
      expect(codeOf(() => checkSignatureRange(concat(good, one)))).toBeUndefined();
      expect(codeOf(() => checkSignatureRange(concat(one, good)))).toBeUndefined();
    }
    for (const bad of [zero, N, more]) {
      expect(codeOf(() => checkSignatureRange(concat(bad, one)))).toBe(RANGE);
      expect(codeOf(() => checkSignatureRange(concat(one, bad)))).toBe(RANGE);
    }
  });

  it('is a sequence of both and of nothing else', () => {
    const signed = (value: Uint8Array) =>
      parse((draft) => {
        draft.signature = () => value;
      }).signature;
    const integer = (value: string) => der(2, hex(value));
    const raw = signed(sequence(integer('07'), integer('0102')));
    expect(raw).toEqual(concat(hex(`${'00'.repeat(47)}07`), hex(`${'00'.repeat(46)}0102`)));
    const full = signed(sequence(der(2, concat(hex('00'), less)), integer('01')));
    expect(full).toEqual(concat(less, one));
    for (const wrong of [
      sequence(integer('01'), integer('01'), integer('01')),
      sequence(integer('01')),
      sequence(),
      concat(sequence(integer('01'), integer('01')), NULL),
      der(0x31, concat(integer('01'), integer('01'))),
    ]) {
      expect(codeOf(() => signed(wrong))).toBe(MALFORMED);
    }
    const long = sequence(integer('01'), der(2, new Uint8Array(49).fill(1)));
    expect(codeOf(() => signed(long))).toBe(RANGE);
  });
});
