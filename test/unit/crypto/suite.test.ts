import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, utf8 } from '../../../shared/bytes.ts';
import { hkdfExpand, hkdfExtract } from '../../../shared/crypto/hkdf.ts';
import { AES_GCM, ED25519, MLKEM768, XWING } from '../../../shared/crypto/suite.ts';
import { createNobleSuite } from '../../../shared/crypto/suite-noble.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { systemRandom } from '../../../shared/runtime.ts';
import { codeOf } from '../../support/code-of.ts';

const node = createNodeSuite();
const noble = createNobleSuite(systemRandom);
const pairs = [
  ['node to noble', node, noble],
  ['noble to node', noble, node],
  ['node to node', node, node],
] as const;

describe('X-Wing', () => {
  it.each(pairs)('%s: both sides get the same secret', (_name, sender, receiver) => {
    for (let round = 0; round < 8; round++) {
      const pair = receiver.kem.generate();
      expect(pair.publicKey).toHaveLength(XWING.publicKey);
      const { ciphertext, sharedSecret } = sender.kem.encapsulate(pair.publicKey);
      expect(ciphertext).toHaveLength(XWING.ciphertext);
      expect(pair.decapsulate(ciphertext)).toEqual(sharedSecret);
    }
  });

  it.each(pairs)('%s: a changed ciphertext gives another secret', (_name, sender, receiver) => {
    const pair = receiver.kem.generate();
    const { ciphertext, sharedSecret } = sender.kem.encapsulate(pair.publicKey);
    for (const at of [0, 500, 1087, 1100]) {
      const changed = Uint8Array.from(ciphertext);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(pair.decapsulate(changed)).not.toEqual(sharedSecret);
    }
  });

  it.each([
    ['node', node],
    ['noble', noble],
  ] as const)('%s: refuses wrong sizes, a low-order point and a wiped key', (_name, suite) => {
    const pair = suite.kem.generate();
    const { ciphertext } = suite.kem.encapsulate(pair.publicKey);
    expect(codeOf(() => suite.kem.encapsulate(pair.publicKey.subarray(1)))).toBe('HANDSHAKE_KEM');
    expect(codeOf(() => pair.decapsulate(ciphertext.subarray(1)))).toBe('HANDSHAKE_KEM');
    const lowOrder = Uint8Array.from(ciphertext);
    lowOrder.fill(0, 1088);
    expect(codeOf(() => pair.decapsulate(lowOrder))).toBe('HANDSHAKE_KEM');
    const outOfRange = Uint8Array.from(pair.publicKey);
    outOfRange.fill(0xff, 0, 1152);
    expect(codeOf(() => suite.kem.encapsulate(outOfRange))).toBe('HANDSHAKE_KEM');
    pair.wipe();
    expect(codeOf(() => pair.decapsulate(ciphertext))).toBe('HANDSHAKE_KEM');
  });
});

it('the sizes are those of the standards', () => {
  expect(XWING).toEqual({ publicKey: 1216, ciphertext: 1120, sharedSecret: 32, seed: 32 });
  expect(MLKEM768).toEqual({ publicKey: 1184, ciphertext: 1088, sharedSecret: 32, seed: 64 });
  expect(AES_GCM).toEqual({ key: 32, nonce: 12, tag: 16 });
  expect(ED25519).toEqual({ publicKey: 32, signature: 64 });
});

describe.each([
  ['node', node],
  ['noble', noble],
] as const)('%s', (_, suite) => {
  it('takes no key or ciphertext that is longer by a byte', () => {
    const pair = suite.kem.generate();
    const { ciphertext, sharedSecret } = suite.kem.encapsulate(pair.publicKey);
    expect(sharedSecret).toHaveLength(32);
    const more = (bytes: Uint8Array) => concat(bytes, Uint8Array.of(0));
    expect(codeOf(() => suite.kem.encapsulate(more(pair.publicKey)))).toBe('HANDSHAKE_KEM');
    expect(codeOf(() => pair.decapsulate(more(ciphertext)))).toBe('HANDSHAKE_KEM');
    const lowOrder = Uint8Array.from(pair.publicKey);
    lowOrder.fill(0, 1184);
    expect(codeOf(() => suite.kem.encapsulate(lowOrder))).toBe('HANDSHAKE_KEM');
  });

  it('never makes the same key pair or secret twice', () => {
    const pairs = [suite.kem.generate(), suite.kem.generate()];
    expect(pairs[0]?.publicKey).not.toEqual(pairs[1]?.publicKey);
    const key = pairs[0]?.publicKey ?? new Uint8Array(0);
    const secrets = [1, 2].map(() => suite.kem.encapsulate(key).sharedSecret);
    expect(secrets[0]).not.toEqual(secrets[1]);
  });

  it('seals and opens nothing as before once its key was wiped', () => {
    const key = new Uint8Array(32).fill(7);
    const [nonce, aad] = [new Uint8Array(12), utf8('aad')];
    const aead = suite.aead(key);
    const sealed = concat(...aead.seal(nonce, aad, utf8('plaintext')));
    aead.wipe();
    const parts = [sealed.subarray(0, 9)];
    expect(codeOf(() => aead.open(nonce, aad, parts, sealed.subarray(9)))).toMatch(
      /^(SESSION_UNKNOWN|RECORD_TAG)$/,
    );
    // The caller's key is the caller's.
    expect(key).toEqual(new Uint8Array(32).fill(7));
  });

  it('takes tags of 16 bytes only, which node:crypto would not mind', () => {
    const aead = suite.aead(new Uint8Array(32).fill(7));
    const [nonce, aad] = [new Uint8Array(12), utf8('aad')];
    const sealed = concat(...aead.seal(nonce, aad, utf8('plaintext')));
    const tag = sealed.subarray(9);
    for (const length of [4, 8, 12, 15]) {
      const short = tag.subarray(0, length);
      expect(codeOf(() => aead.open(nonce, aad, [sealed.subarray(0, 9)], short))).toBe(
        'RECORD_TAG',
      );
    }
  });

  it('takes no Ed25519 key or signature that is longer by a byte', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const key = Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
    const message = utf8('m');
    const signature = Uint8Array.from(sign(null, message, privateKey));
    expect(suite.verifyEd25519(key, message, signature)).toBe(true);
    const more = (bytes: Uint8Array) => concat(bytes, Uint8Array.of(0));
    expect(suite.verifyEd25519(more(key), message, signature)).toBe(false);
    expect(suite.verifyEd25519(key, message, more(signature))).toBe(false);
  });
});

it('a wiped key of node:crypto says so', () => {
  const aead = node.aead(new Uint8Array(32));
  aead.wipe();
  expect(codeOf(() => aead.seal(new Uint8Array(12), new Uint8Array(0), utf8('x')))).toBe(
    'SESSION_UNKNOWN',
  );
});

describe('symmetric parts', () => {
  it('the two providers agree on hashes, HMAC and AES-256-GCM', () => {
    const bytes = (size: object) => fc.uint8Array(size);
    fc.assert(
      fc.property(
        bytes({ minLength: 32, maxLength: 32 }),
        bytes({ minLength: 12, maxLength: 12 }),
        bytes({ maxLength: 64 }),
        bytes({ maxLength: 300 }),
        (key, nonce, aad, plaintext) => {
          expect(node.sha256(aad, plaintext)).toEqual(noble.sha256(aad, plaintext));
          expect(node.sha384(aad, plaintext)).toEqual(noble.sha384(aad, plaintext));
          expect(node.hmacSha384(key, plaintext)).toEqual(noble.hmacSha384(key, plaintext));
          const sealed = concat(...node.aead(key).seal(nonce, aad, plaintext));
          expect(concat(...noble.aead(key).seal(nonce, aad, plaintext))).toEqual(sealed);
          const [half, tag] = [plaintext.length >> 1, sealed.subarray(plaintext.length)];
          for (const suite of [node, noble]) {
            for (const parts of [
              [sealed.subarray(0, plaintext.length)],
              [sealed.subarray(0, half), sealed.subarray(half, plaintext.length)],
            ]) {
              const opened = suite.aead(key).open(nonce, aad, parts, tag);
              expect(concat(...opened)).toEqual(plaintext);
            }
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each([
    ['node', node],
    ['noble', noble],
  ] as const)('%s: any changed bit of a sealed record is refused', (_name, suite) => {
    const key = new Uint8Array(32).fill(7);
    const nonce = new Uint8Array(12);
    const aead = suite.aead(key);
    const sealed = concat(...aead.seal(nonce, utf8('aad'), utf8('plaintext')));
    const open = (bytes: Uint8Array, aad: string) =>
      aead.open(nonce, utf8(aad), [bytes.subarray(0, 9)], bytes.subarray(9));
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Uint8Array.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(codeOf(() => open(changed, 'aad'))).toBe('RECORD_TAG');
    }
    expect(codeOf(() => open(sealed, 'aae'))).toBe('RECORD_TAG');
    expect(codeOf(() => open(sealed.subarray(0, 15), 'aad'))).toBe('RECORD_TAG');
  });

  it('HKDF-SHA384 matches node:crypto for every length class', async () => {
    const { hkdfSync } = await import('node:crypto');
    for (const length of [1, 47, 48, 49, 200]) {
      const key = hkdfExtract(node, utf8('salt'), utf8('input'));
      const own = hkdfExpand(node, key, utf8('info'), length);
      const other = new Uint8Array(hkdfSync('sha384', 'input', 'salt', 'info', length));
      expect(own).toEqual(other);
    }
  });

  it('verifies RFC 8032 test 2 and refuses a changed message, key or signature', () => {
    const key = fromHex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')!;
    const signature = fromHex(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    )!;
    for (const suite of [node, noble]) {
      expect(suite.verifyEd25519(key, Uint8Array.of(0x72), signature)).toBe(true);
      expect(suite.verifyEd25519(key, Uint8Array.of(0x73), signature)).toBe(false);
      expect(suite.verifyEd25519(key.subarray(1), Uint8Array.of(0x72), signature)).toBe(false);
      expect(suite.verifyEd25519(key, Uint8Array.of(0x72), signature.subarray(1))).toBe(false);
    }
  });
});
