/** Project Wycheproof through both suites: every vector of the parameters that we use. */
import { createPrivateKey } from 'node:crypto';
import { x25519 } from '@noble/curves/ed25519.js';
import { sha3_256 } from '@noble/hashes/sha3.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../../shared/bytes.ts';
import { hkdfExpand, hkdfExtract } from '../../../shared/crypto/hkdf.ts';
import { createNobleSuite } from '../../../shared/crypto/suite-noble.ts';
import { createNodeSuite, xwingDecapsulate } from '../../../shared/crypto/suite-node.ts';
import { systemRandom } from '../../../shared/runtime.ts';
import { codeOf } from '../../support/code-of.ts';
import { type Vector, wycheproofFolder, wycheproofGroups } from '../../support/wycheproof.ts';

const folder = wycheproofFolder();
const suites = [
  ['node:crypto', createNodeSuite()],
  ['pure TypeScript', createNobleSuite(systemRandom)],
] as const;

function groups(name: string) {
  if (folder === undefined) throw new Error('unreachable: skipped');
  return wycheproofGroups(folder, name);
}

const bytes = (vector: Vector, field: string) =>
  Uint8Array.from(Buffer.from(String(vector[field]), 'hex'));

/** PKCS #8 around a seed of ML-KEM-768 (RFC 9935, seed-only form) or an X25519 key (RFC 8410). */
const pkcs8 = (prefix: string, raw: Uint8Array) =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from(prefix, 'hex'), raw]),
    format: 'der',
    type: 'pkcs8',
  });
const mlkemKey = (seed: Uint8Array) => pkcs8('3054020100300b060960864801650304040204428040', seed);
const x25519Key = (raw: Uint8Array) => pkcs8('302e020100300506032b656e04220420', raw);

/** The combiner of X-Wing, here with other hands. */
const combined = (ssM: Uint8Array, ssX: Uint8Array, ctX: Uint8Array, pkX: Uint8Array) =>
  sha3_256(concat(ssM, ssX, ctX, pkX, utf8('\\.//^\\')));

const ownX25519 = new Uint8Array(32).fill(0x31);
const ownPublic = x25519.getPublicKey(ownX25519);
const peerPublic = x25519.getPublicKey(new Uint8Array(32).fill(0x32));
const ownShared = x25519.getSharedSecret(ownX25519, peerPublic);

describe.skipIf(folder === undefined)('Wycheproof', () => {
  it('ML-KEM-768 decapsulation, inside X-Wing', () => {
    for (const vector of groups('mlkem_768_test').flatMap(({ tests }) => tests)) {
      const [seed, c, K] = ['seed', 'c', 'K'].map((field) => bytes(vector, field));
      if (seed === undefined || c === undefined || K === undefined) throw new Error('vector');
      const decapsulate = () =>
        xwingDecapsulate(mlkemKey(seed), x25519Key(ownX25519), ownPublic, concat(c, peerPublic));
      if (vector.result === 'valid') {
        expect(decapsulate()).toEqual(combined(K, ownShared, peerPublic, ownPublic));
        expect(ml_kem768.decapsulate(c, ml_kem768.keygen(seed).secretKey)).toEqual(K);
      } else {
        // Private keys are made here and never read: their form is not ours to judge.
        if (seed.length === 64) expect(codeOf(decapsulate)).toBe('HANDSHAKE_KEM');
        expect(() => ml_kem768.decapsulate(c, ml_kem768.keygen(seed).secretKey)).toThrow();
      }
    }
  });

  it.each(suites)('ML-KEM-768 encapsulation keys, inside X-Wing, %s', (_name, suite) => {
    for (const vector of groups('mlkem_768_encaps_test').flatMap(({ tests }) => tests)) {
      const ek = bytes(vector, 'ek');
      const code = codeOf(() => suite.kem.encapsulate(concat(ek, peerPublic)));
      expect([vector.tcId, code]).toEqual([
        vector.tcId,
        vector.result === 'valid' ? undefined : 'HANDSHAKE_KEM',
      ]);
      if (vector.result !== 'valid') continue;
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(ek, bytes(vector, 'm'));
      expect(cipherText).toEqual(bytes(vector, 'c'));
      expect(sharedSecret).toEqual(bytes(vector, 'K'));
    }
  });

  it('X25519, inside X-Wing: every shared secret, and none of zero', () => {
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(
      ml_kem768.keygen(new Uint8Array(64)).publicKey,
    );
    for (const vector of groups('x25519_test').flatMap(({ tests }) => tests)) {
      const own = bytes(vector, 'private');
      const theirs = bytes(vector, 'public');
      const shared = bytes(vector, 'shared');
      const pkX = x25519.getPublicKey(own);
      const decapsulate = () =>
        xwingDecapsulate(
          mlkemKey(new Uint8Array(64)),
          x25519Key(own),
          pkX,
          concat(cipherText, theirs),
        );
      if (shared.every((byte) => byte === 0)) {
        expect(codeOf(decapsulate)).toBe('HANDSHAKE_KEM');
        expect(() => x25519.getSharedSecret(own, theirs)).toThrow();
      } else {
        expect(decapsulate()).toEqual(combined(sharedSecret, shared, theirs, pkX));
        expect(x25519.getSharedSecret(own, theirs)).toEqual(shared);
      }
    }
  });

  it.each(suites)('AES-256-GCM with 96-bit nonces and 128-bit tags, %s', (_name, suite) => {
    let count = 0;
    for (const group of groups('aes_gcm_test')) {
      if (group.keySize !== 256 || group.ivSize !== 96 || group.tagSize !== 128) continue;
      for (const vector of group.tests) {
        count++;
        const [key, iv, aad, msg, ct, tag] = ['key', 'iv', 'aad', 'msg', 'ct', 'tag'].map((field) =>
          bytes(vector, field),
        ) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
        const aead = suite.aead(key);
        if (vector.result === 'valid') {
          expect(concat(...aead.seal(iv, aad, msg))).toEqual(concat(ct, tag));
          expect(concat(...aead.open(iv, aad, [ct], tag))).toEqual(msg);
        } else {
          expect(codeOf(() => aead.open(iv, aad, [ct], tag))).toBe('RECORD_TAG');
        }
      }
    }
    expect(count).toBeGreaterThan(60);
  });

  it.each(suites)('HKDF-SHA384, %s', (_name, suite) => {
    for (const vector of groups('hkdf_sha384_test').flatMap(({ tests }) => tests)) {
      const key = hkdfExtract(suite, bytes(vector, 'salt'), bytes(vector, 'ikm'));
      const okm = () => hkdfExpand(suite, key, bytes(vector, 'info'), Number(vector.size));
      if (vector.result === 'valid') expect(okm()).toEqual(bytes(vector, 'okm'));
      else expect(okm).toThrow(RangeError);
    }
  });

  it.each(suites)('Ed25519 signatures, %s', (_name, suite) => {
    for (const group of groups('ed25519_test')) {
      const key = Buffer.from((group.publicKey as { pk: string }).pk, 'hex');
      for (const vector of group.tests) {
        const holds = suite.verifyEd25519(key, bytes(vector, 'msg'), bytes(vector, 'sig'));
        expect([vector.tcId, holds]).toEqual([vector.tcId, vector.result === 'valid']);
      }
    }
  });
});
