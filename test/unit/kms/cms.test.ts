import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readBer } from '../../../enclave/kms/ber.ts';
import { openEnvelope } from '../../../enclave/kms/cms.ts';
import { concat } from '../../../shared/bytes.ts';
import { isNmpError } from '../../../shared/errors.ts';
import { codeOf } from '../../support/code-of.ts';
import {
  type Bend,
  der,
  envelope,
  indefinite,
  int,
  OAEP,
  octets,
  oid,
  PLAIN,
  RSA,
  seq,
} from '../../support/envelope.ts';

const open = (bytes: Uint8Array) => openEnvelope(bytes, RSA.privateKey);

/** Octet strings of 16 bytes each. */
function pieces(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / 16) }, (_, at) =>
    octets(bytes.slice(16 * at, 16 * at + 16)),
  );
}

describe('CMS envelopes of the key service', () => {
  it.each<[string, Bend]>([
    ['content in one piece', {}],
    ['chunked content', { body: (bytes) => indefinite(0xa0, ...pieces(bytes)) }],
    ['chunked content of definite length', { body: (bytes) => der(0xa0, ...pieces(bytes)) }],
    [
      'chunks within one octet string',
      { body: (bytes) => indefinite(0xa0, indefinite(0x24, ...pieces(bytes))) },
    ],
    ['the empty label spelt out', { keyAlgorithm: OAEP.emptyLabel }],
    ['a key identifier of another length', { identifier: der(0x80, new Uint8Array(32)) }],
  ])('opens an envelope with %s', (_, bend) => {
    expect(open(envelope(bend))).toEqual(PLAIN);
  });

  const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const issuerAndSerial = seq(seq(), int(1));
  it.each<[string, string, Bend]>([
    ['of another content type', 'CMS_MALFORMED', { type: oid('2a864886f70d010702') }],
    ['of version 0', 'CMS_MALFORMED', { version: int(0) }],
    ['of version 3', 'CMS_MALFORMED', { version: int(3) }],
    ['with a recipient of version 0', 'CMS_MALFORMED', { infoVersion: int(0) }],
    ['with unprotected attributes', 'CMS_MALFORMED', { more: der(0xa1) }],
    ['for nobody', 'CMS_RECIPIENT', { recipients: () => der(0x31) }],
    ['for two', 'CMS_RECIPIENT', { recipients: (info) => der(0x31, info, info) }],
    ['for a key agreement', 'CMS_RECIPIENT', { recipients: () => der(0x31, der(0xa1, int(3))) }],
    ['by issuer and serial number', 'CMS_RECIPIENT', { identifier: issuerAndSerial }],
    ['by an empty key identifier', 'CMS_RECIPIENT', { identifier: der(0x80) }],
    [
      'by an endless key identifier',
      'CMS_RECIPIENT',
      { identifier: der(0x80, new Uint8Array(65)) },
    ],
    ['with PKCS #1 v1.5', 'CMS_ALGORITHM', { keyAlgorithm: OAEP.pkcs1 }],
    ['with OAEP by default', 'CMS_ALGORITHM', { keyAlgorithm: OAEP.defaults }],
    ['with OAEP without parameters', 'CMS_ALGORITHM', { keyAlgorithm: OAEP.none }],
    ['with OAEP and SHA-1', 'CMS_ALGORITHM', { keyAlgorithm: OAEP.sha1 }],
    ['with MGF1 and SHA-1', 'CMS_ALGORITHM', { keyAlgorithm: OAEP.mgfSha1 }],
    ['with a label', 'CMS_ALGORITHM', { keyAlgorithm: OAEP.label }],
    ['with AES-128', 'CMS_ALGORITHM', { cipher: oid('608648016503040102') }],
    ['with AES-256-GCM', 'CMS_ALGORITHM', { cipher: oid('60864801650304012e') }],
    ['of signed content', 'CMS_MALFORMED', { contentType: oid('2a864886f70d010702') }],
    ['with a short IV', 'CMS_MALFORMED', { iv: new Uint8Array(15) }],
    ['without content', 'CMS_MALFORMED', { body: () => der(0x80) }],
    ['with half a block', 'CMS_MALFORMED', { body: () => der(0x80, new Uint8Array(24)) }],
    ['with too much content', 'CMS_SIZE', { plain: new Uint8Array(1024) }],
    ['with a wrapped key of 255 bytes', 'CMS_SIZE', { wrapped: new Uint8Array(255) }],
    ['for another key', 'CMS_DECRYPT', { publicKey: other.publicKey }],
    ['with a content key of 16 bytes', 'CMS_DECRYPT', { contentKeyBytes: 16 }],
    ['without padding', 'CMS_DECRYPT', { plain: new Uint8Array(32), padding: false }],
    [
      'with padding that differs in one byte',
      'CMS_DECRYPT',
      { plain: Uint8Array.of(...new Uint8Array(13), 1, 2, 3), padding: false },
    ],
    [
      'with padding longer than a block',
      'CMS_DECRYPT',
      { plain: new Uint8Array(32).fill(17), padding: false },
    ],
    ['of a key sealed by nothing', 'CMS_DECRYPT', { wrapped: new Uint8Array(256).fill(1) }],
  ])('refuses an envelope %s', (_, code, bend) => {
    expect(codeOf(() => open(envelope(bend)))).toBe(code);
  });

  it.each<[string, string, Uint8Array]>([
    ['nothing', 'CMS_MALFORMED', new Uint8Array(0)],
    ['bytes behind', 'CMS_MALFORMED', concat(envelope(), Uint8Array.of(0))],
    ['more bytes than an envelope has', 'CMS_SIZE', new Uint8Array(4097)],
    ['a length of three bytes', 'CMS_MALFORMED', Uint8Array.of(0x30, 0x83, 0, 0, 1, 0)],
    ['a length that is not the shortest', 'CMS_MALFORMED', Uint8Array.of(0x04, 0x81, 1, 0)],
    ['a length beyond the end', 'CMS_MALFORMED', Uint8Array.of(0x30, 0x05, 0)],
    ['a child beyond its parent', 'CMS_MALFORMED', Uint8Array.of(0x30, 0x02, 0x04, 0x01, 0)],
    ['a primitive without a length', 'CMS_MALFORMED', Uint8Array.of(0x04, 0x80, 0, 0)],
    ['a tag of two bytes', 'CMS_MALFORMED', Uint8Array.of(0x1f, 0x01, 0x00)],
    ['an end without a start', 'CMS_MALFORMED', Uint8Array.of(0, 0)],
    ['no end', 'CMS_MALFORMED', Uint8Array.of(0x30, 0x80, 0x05, 0)],
    ['nesting without end', 'CMS_SIZE', new Uint8Array(400).map((_, at) => 0x30 + 0x50 * (at % 2))],
    [
      'elements without end',
      'CMS_SIZE',
      der(
        0x30,
        new Uint8Array(400).map((_, at) => 5 - 5 * (at % 2)),
      ),
    ],
  ])('refuses %s', (_, code, bytes) => {
    expect(codeOf(() => open(bytes))).toBe(code);
  });

  it('refuses every shortened envelope', () => {
    const whole = envelope();
    for (let length = 0; length < whole.length; length++) {
      expect(
        codeOf(() => open(whole.slice(0, length))),
        `${length}`,
      ).toBe('CMS_MALFORMED');
    }
  });

  /**
   * AES-CBC is not authenticated: bits of the IV and of the ciphertext can be bent so that another
   * key comes out, which the sealed dataset then refuses. Everywhere else a change is refused or
   * without effect.
   */
  it('refuses a change outside IV and content, or is not changed by it', () => {
    const whole = envelope();
    const iv = Buffer.from(whole).indexOf(Buffer.alloc(16, 5));
    const start = Buffer.from(whole).indexOf(Buffer.from([0x80, 0x30]), iv) + 2;
    expect([iv > 0, start > iv]).toEqual([true, true]);
    const bendable = (at: number) => (at >= iv && at < iv + 16) || (at >= start && at < start + 48);
    let refused = 0;
    fc.assert(
      fc.property(
        fc.nat(whole.length - 1).filter((at) => !bendable(at)),
        fc.integer({ min: 1, max: 255 }),
        (at, mask) => {
          const bent = Uint8Array.from(whole);
          bent[at] = (bent[at] ?? 0) ^ mask;
          try {
            expect(open(bent)).toEqual(PLAIN);
          } catch (error) {
            if (!isNmpError(error)) throw error;
            expect(error.code).toMatch(/^CMS_/);
            refused++;
          }
        },
      ),
      { seed: 11, numRuns: 1500 },
    );
    expect(refused).toBeGreaterThan(1000);
  });

  it('takes any bytes without another outcome than a code', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(codeOf(() => open(bytes))).toMatch(/^CMS_/);
        try {
          readBer(bytes);
        } catch (error) {
          if (!isNmpError(error)) throw error;
        }
      }),
      { seed: 12, numRuns: 5000 },
    );
  });
});

const OPENSSL = process.env.OPENSSL ?? 'openssl';

function hasOpenssl(): boolean {
  try {
    return execFileSync(OPENSSL, ['version'], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString('latin1')
      .startsWith('OpenSSL 3');
  } catch {
    return false;
  }
}

describe.skipIf(!hasOpenssl())('envelopes of OpenSSL (skipped without OpenSSL 3)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nmp-cms-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync(OPENSSL, args, { stdio: 'pipe' });
  const identity = () => {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=test',
      '-keyout',
      path('key.pem'),
      '-out',
      path('cert.pem'),
    );
    writeFileSync(path('plain'), PLAIN);
    return createPrivateKey(readFileSync(path('key.pem')));
  };
  const encrypt = (cipher: string, ...more: string[]): Uint8Array => {
    openssl(
      'cms',
      '-encrypt',
      '-binary',
      '-in',
      path('plain'),
      '-out',
      path('out'),
      '-outform',
      'DER',
      cipher,
      ...more,
      '-recip',
      path('cert.pem'),
      '-keyopt',
      'rsa_padding_mode:oaep',
      '-keyopt',
      'rsa_oaep_md:sha256',
      '-keyopt',
      'rsa_mgf1_md:sha256',
    );
    return Uint8Array.from(readFileSync(path('out')));
  };

  it('opens them in DER and streamed, and refuses its other kinds', () => {
    const key = identity();
    expect(openEnvelope(encrypt('-aes-256-cbc', '-keyid'), key)).toEqual(PLAIN);
    const streamed = encrypt('-aes-256-cbc', '-keyid', '-stream');
    expect(streamed[1]).toBe(0x80);
    expect(openEnvelope(streamed, key)).toEqual(PLAIN);
    const code = (bytes: Uint8Array) => codeOf(() => openEnvelope(bytes, key));
    expect(code(encrypt('-aes-128-cbc', '-keyid'))).toBe('CMS_ALGORITHM');
    // By issuer and serial number the whole is of version 0.
    expect(code(encrypt('-aes-256-cbc'))).toBe('CMS_MALFORMED');
    expect(codeOf(() => openEnvelope(streamed, RSA.privateKey))).toBe('CMS_DECRYPT');
  });

  it('is opened by OpenSSL, too: what these tests build is an envelope', () => {
    const key = RSA.privateKey.export({ format: 'pem', type: 'pkcs8' });
    writeFileSync(path('ours.pem'), key);
    writeFileSync(path('ours'), envelope({ body: (bytes) => indefinite(0xa0, ...pieces(bytes)) }));
    const out = openssl(
      'cms',
      '-decrypt',
      '-binary',
      '-inform',
      'DER',
      '-in',
      path('ours'),
      '-inkey',
      path('ours.pem'),
    );
    expect(Uint8Array.from(out)).toEqual(PLAIN);
  });
});
