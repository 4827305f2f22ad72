/**
 * The cipher of Noise on node:crypto. libp2p's own hands node:crypto the key as bytes, which makes
 * two exceptions inside Node for every message, and returns a message in parts, each of which
 * becomes a write of its own; both together cost a tenth of the throughput. Everything else, short
 * messages included, is libp2p's.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { defaultCrypto } from '@libp2p/noise/crypto';
import { Uint8ArrayList } from 'uint8arraylist';

const CIPHER = 'chacha20-poly1305';
const TAG_BYTES = 16;
/** Below this libp2p's own cipher, in WebAssembly, is faster. */
const SHORT_BYTES = 1200;

type Bytes = Uint8Array | Uint8ArrayList;
type Encrypt = typeof defaultCrypto.chaCha20Poly1305Encrypt;
type Decrypt = typeof defaultCrypto.chaCha20Poly1305Decrypt;

/** By the bytes themselves, which Noise makes once a connection and direction and never changes. */
const keys = new WeakMap<Uint8Array, KeyObject>();

function keyOf(bytes: Uint8Array): KeyObject {
  const known = keys.get(bytes);
  if (known !== undefined) return known;
  const key = createSecretKey(bytes);
  keys.set(bytes, key);
  return key;
}

function partsOf(bytes: Bytes): Iterable<Uint8Array> {
  return bytes instanceof Uint8Array ? [bytes] : bytes;
}

const encrypt: Encrypt = (plaintext, nonce, ad, key) => {
  if (plaintext.byteLength < SHORT_BYTES) {
    return defaultCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, key);
  }
  const cipher = createCipheriv(CIPHER, keyOf(key), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(ad, { plaintextLength: plaintext.byteLength });
  const parts: Uint8Array[] = [];
  for (const part of partsOf(plaintext)) parts.push(cipher.update(part));
  // A stream cipher: nothing is left for the end but the tag.
  cipher.final();
  parts.push(cipher.getAuthTag());
  return Buffer.concat(parts, plaintext.byteLength + TAG_BYTES);
};

/** Throws what node:crypto does if the tag is wrong. */
const decrypt: Decrypt = (sealed, nonce, ad, key, dst) => {
  if (sealed.byteLength < SHORT_BYTES) {
    return defaultCrypto.chaCha20Poly1305Decrypt(sealed, nonce, ad, key, dst);
  }
  const length = sealed.byteLength - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, keyOf(key), nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(ad, { plaintextLength: length });
  decipher.setAuthTag(sealed.subarray(length));
  const ciphertext =
    sealed instanceof Uint8Array ? sealed.subarray(0, length) : sealed.sublist(0, length);
  const plaintext = new Uint8ArrayList();
  for (const part of partsOf(ciphertext)) plaintext.append(decipher.update(part));
  decipher.final();
  return plaintext;
};

/** For `noise({ crypto })` in Node. */
export const noiseCrypto: typeof defaultCrypto = {
  ...defaultCrypto,
  chaCha20Poly1305Encrypt: encrypt,
  chaCha20Poly1305Decrypt: decrypt,
};
