import { defaultCrypto, pureJsCrypto } from '@libp2p/noise/crypto';
import { Uint8ArrayList } from 'uint8arraylist';
import { describe, expect, it } from 'vitest';
import { noiseCrypto } from '../../../shared/crypto/noise-node.ts';
import { systemRandom } from '../../../shared/runtime.ts';

const key = systemRandom.bytes(32);
const nonce = Uint8Array.of(0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0);
const none = new Uint8Array(0);

/** In parts, as streams hand messages down. */
function inParts(bytes: Uint8Array): Uint8ArrayList {
  const third = Math.ceil(bytes.length / 3);
  return new Uint8ArrayList(
    bytes.subarray(0, 12),
    bytes.subarray(12, third),
    bytes.subarray(third),
  );
}

describe.each([100, 1183, 1184, 1199, 1200, 1201, 65_519])('a message of %i bytes', (length) => {
  const plaintext = systemRandom.bytes(length);
  const sealed = pureJsCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, none, key).subarray();

  it('is sealed as by the implementation in plain JavaScript', () => {
    for (const form of [plaintext, inParts(plaintext)]) {
      const bytes = noiseCrypto.chaCha20Poly1305Encrypt(form, nonce, none, key).subarray();
      expect(Buffer.compare(bytes, sealed)).toBe(0);
    }
  });

  it('is bound to what travels beside it', () => {
    const beside = Uint8Array.of(1, 2, 3);
    const bound = pureJsCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, beside, key).subarray();
    const own = noiseCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, beside, key).subarray();
    expect(Buffer.compare(own, bound)).toBe(0);
    const open = (ad: Uint8Array) =>
      noiseCrypto.chaCha20Poly1305Decrypt(
        ...([Uint8Array.from(bound), nonce, ad, key, new Uint8Array(length)] as const),
      );
    expect(Buffer.compare(open(beside).subarray(), plaintext)).toBe(0);
    expect(() => open(none)).toThrow();
  });

  it('is opened, whole or in parts', () => {
    for (const form of [Uint8Array.from(sealed), inParts(Uint8Array.from(sealed))]) {
      const dst = new Uint8Array(length);
      const bytes = noiseCrypto.chaCha20Poly1305Decrypt(form, nonce, none, key, dst).subarray();
      expect(Buffer.compare(bytes, plaintext)).toBe(0);
    }
  });

  it('is refused if anything of it was changed', () => {
    const open = (bytes: Uint8Array, ...[n = nonce, ad = none, k = key]: Uint8Array[]) => {
      const form = inParts(Uint8Array.from(bytes));
      return () => noiseCrypto.chaCha20Poly1305Decrypt(form, n, ad, k, new Uint8Array(length));
    };
    for (const at of [0, sealed.length - 16, sealed.length - 1]) {
      expect(open(sealed.with(at, (sealed[at] ?? 0) ^ 1))).toThrow();
    }
    expect(open(sealed.subarray(0, -1))).toThrow();
    expect(open(sealed, nonce.with(4, 8))).toThrow();
    expect(open(sealed, nonce, Uint8Array.of(1))).toThrow();
    expect(open(sealed, nonce, none, key.with(0, (key[0] ?? 0) ^ 1))).toThrow();
  });
});

it('is of libp2p in all the rest', () => {
  const { chaCha20Poly1305Encrypt, chaCha20Poly1305Decrypt, ...rest } = noiseCrypto;
  expect(defaultCrypto).toMatchObject(rest);
});
