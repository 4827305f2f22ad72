import { sign, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { describeEif } from '../../../enclave/image/describe.ts';
import { diffImages } from '../../../enclave/image/diff.ts';
import {
  createKeySigner,
  type EifSigner,
  openEifSignature,
  signEif,
  verifyEifSignature,
} from '../../../enclave/image/eif-signature.ts';
import { writeEif } from '../../../enclave/image/eif-write.ts';
import { measureImage, measureParts } from '../../../enclave/image/measure.ts';
import { packRamdisk } from '../../../enclave/image/ramdisk.ts';
import { utf8 } from '../../../shared/bytes.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../../../shared/wire/cbor.ts';
import { ManualClock } from '../../support/clock.ts';
import { codeOf, codeOfAsync } from '../../support/code-of.ts';
import { signingIdentity } from '../../support/image-signer.ts';

const DAY_MS = 86_400_000;
const clock = new ManualClock();

const identity = (curve: 'P-384' | 'P-256', from = -DAY_MS, to = DAY_MS) =>
  signingIdentity(curve, clock.nowMs() + from, clock.nowMs() + to);

const image = {
  arch: 'x86_64',
  kernel: utf8('k'),
  cmdline: utf8('c'),
  ramdisks: [
    packRamdisk([{ kind: 'file', path: 'init', mode: 0o755, data: utf8('one') }]),
    packRamdisk([{ kind: 'file', path: 'app/main.mjs', mode: 0o444, data: utf8('two') }]),
  ],
} as const;
const { PCR0 } = measureImage(image);

let signer: EifSigner;
let section: Uint8Array;
let certificate: Uint8Array;

beforeAll(async () => {
  signer = createKeySigner(await identity('P-384'));
  ({ section, certificate } = await signEif({ clock, signer }, PCR0));
});

/** The section with its COSE_Sign1 or its certificate replaced. */
function resealed(change: { readonly cose?: CborValue; readonly pem?: string }): Uint8Array {
  const parsed = decodeCbor(section, 100_000);
  if (!Array.isArray(parsed) || !(parsed[0] instanceof Map)) throw new Error('not a section');
  const map: Map<string, CborValue> = parsed[0];
  const cose = change.cose === undefined ? map.get('signature') : [...encodeCbor(change.cose)];
  const pem = change.pem === undefined ? map.get('signing_certificate') : [...utf8(change.pem)];
  return encodeCbor([
    new Map<string, CborValue>([
      ['signing_certificate', pem ?? null],
      ['signature', cose ?? null],
    ]),
  ]);
}

describe('a signed image', () => {
  it('carries its certificate as PCR8 and verifies', () => {
    expect(verifyEifSignature({ clock }, section, PCR0).pcr0).toBe(PCR0);
    const facts = describeEif(writeEif({ ...image, signature: section }));
    expect(facts.pcrs).toEqual(measureImage({ ...image, certificate }));
    expect(facts.pcrs.PCR8).toBe(measureParts(new X509Certificate(signer.certificatePem).raw));
    expect(facts.signature).toMatchObject({ subject: 'CN=image signer', ofThisImage: true });
    // The form that AWS's builder writes: an array of one map, byte strings as integers.
    expect(Buffer.from(section.subarray(0, 3)).toString('hex')).toBe('81a273');
  });

  it('is refused before its certificate begins and after it ends', () => {
    const early = new ManualClock(clock.nowMs() - 2 * DAY_MS);
    const late = new ManualClock(clock.nowMs() + 2 * DAY_MS);
    for (const at of [early, late]) {
      expect(codeOf(() => verifyEifSignature({ clock: at }, section, PCR0))).toBe(
        'EIF_CERTIFICATE',
      );
    }
  });

  it('is refused as another image', () => {
    const { PCR1 } = measureImage(image);
    expect(codeOf(() => verifyEifSignature({ clock }, section, PCR1))).toBe('EIF_SIGNATURE_PCR');
    const moved = writeEif({ ...image, kernel: utf8('other'), signature: section });
    expect(describeEif(moved).signature?.ofThisImage).toBe(false);
  });

  it.each<[string, () => Uint8Array]>([
    ['no CBOR', () => utf8('x')],
    ['trailing bytes', () => Buffer.concat([section, utf8('x')])],
    ['an empty array', () => encodeCbor([])],
    ['another map', () => encodeCbor([new Map([['signature', 1]])])],
    ['a number that is no octet', () => resealed({ cose: null })],
    [
      'a COSE of three',
      () => resealed({ cose: [new Uint8Array(4), new Map(), new Uint8Array(1)] }),
    ],
    [
      'another algorithm',
      () =>
        resealed({
          cose: [encodeCbor(new Map([[1, -7]])), new Map(), utf8('p'), new Uint8Array(96)],
        }),
    ],
    [
      'a zero signature',
      () => {
        const payload = encodeCbor(
          new Map<string, CborValue>([
            ['register_index', 0],
            ['register_value', [...new Uint8Array(48)]],
          ]),
        );
        const header = encodeCbor(new Map([[1, -35]]));
        return resealed({ cose: [header, new Map(), payload, new Uint8Array(96)] });
      },
    ],
  ])('is refused with %s', (_, make) => {
    expect(codeOf(() => openEifSignature(make()))).toBe('EIF_SIGNATURE');
  });

  it('is refused under another certificate, or none', async () => {
    const other = await identity('P-384');
    const small = await identity('P-256');
    expect(codeOf(() => openEifSignature(resealed({ pem: other.certificatePem })))).toBe(
      'EIF_SIGNATURE',
    );
    expect(codeOf(() => openEifSignature(resealed({ pem: small.certificatePem })))).toBe(
      'EIF_CERTIFICATE',
    );
    expect(codeOf(() => openEifSignature(resealed({ pem: 'nothing' })))).toBe('EIF_CERTIFICATE');
  });
});

it('is refused when its certificate’s key is damaged, which shows only when it is asked for', () => {
  const der = Buffer.from(new X509Certificate(signer.certificatePem).raw);
  // The point of the key: uncompressed, behind the curve's name 1.3.132.0.34.
  const at = der.indexOf(Buffer.from('2b81040022', 'hex')) + 5 + 3;
  expect(der[at]).toBe(4);
  der[at] = 0x09;
  const pem = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
  expect(codeOf(() => openEifSignature(resealed({ pem })))).toBe('EIF_CERTIFICATE');
});

describe('signing is refused', () => {
  it('with an expired certificate or one of another curve', async () => {
    const expired = createKeySigner(await identity('P-384', -2 * DAY_MS, -DAY_MS));
    const small = createKeySigner(await identity('P-256'));
    for (const signer of [expired, small]) {
      expect(await codeOfAsync(signEif({ clock, signer }, PCR0))).toBe('EIF_CERTIFICATE');
    }
  });

  it('with the key of another certificate, a signer that fails, and a key that is none', async () => {
    const mine = await identity('P-384');
    const other = await identity('P-384');
    const mixed = createKeySigner({ ...mine, certificatePem: other.certificatePem });
    const failing: EifSigner = { ...mine, sign: () => Promise.reject(new Error('token gone')) };
    const der: EifSigner = { ...mine, sign: async (m) => sign('sha384', m, mine.keyPem) };
    for (const signer of [mixed, failing, der]) {
      expect(await codeOfAsync(signEif({ clock, signer }, PCR0))).toBe('EIF_SIGNER');
    }
    expect(codeOf(() => createKeySigner({ keyPem: 'no key', certificatePem: '' }))).toBe(
      'EIF_SIGNER',
    );
  });
});

describe('the difference of two images', () => {
  const first = describeEif(writeEif(image));
  it('is empty of the same image', () => {
    expect(diffImages(first, describeEif(writeEif(image)))).toEqual([]);
  });

  it('names the PCRs and the very file', () => {
    const ramdisks = [
      image.ramdisks[0],
      packRamdisk([
        { kind: 'file', path: 'app/main.mjs', mode: 0o444, data: utf8('TWO') },
        { kind: 'file', path: 'app/new', mode: 0o444, data: utf8('') },
      ]),
    ];
    const second = describeEif(writeEif({ ...image, ramdisks }));
    expect(diffImages(first, second).map(({ where, what }) => `${where} ${what}`)).toEqual([
      'PCR0 differs',
      'PCR2 differs',
      'ramdisk 2: app/main.mjs differs',
      'ramdisk 2: app/new only in the second',
    ]);
    expect(diffImages(second, first).at(-1)?.what).toBe('only in the first');
  });

  it('shows a command line, a changed mode, and a ramdisk that is only packed otherwise', () => {
    const [init] = image.ramdisks;
    const exec = packRamdisk([{ kind: 'file', path: 'init', mode: 0o777, data: utf8('one') }]);
    const where = (other: typeof first) => diffImages(first, other).map((row) => row.where);
    expect(where(describeEif(writeEif({ ...image, cmdline: utf8('d') })))).toContain('cmdline');
    expect(
      where(describeEif(writeEif({ ...image, ramdisks: [exec, image.ramdisks[1]] }))),
    ).toContain('ramdisk 1: init');
    const plain = writeEif({ ...image, ramdisks: [init, utf8('no archive')] });
    expect(where(describeEif(plain))).toContain('ramdisk 2');
  });
});
