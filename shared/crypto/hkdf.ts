/** HKDF with SHA-384, RFC 5869. */
import type { CryptoSuite } from './suite.ts';

const HASH_BYTES = 48;

/** RFC 5869, section 2.2: a 48-byte pseudorandom key. */
export function hkdfExtract(
  suite: CryptoSuite,
  salt: Uint8Array,
  keyMaterial: Uint8Array,
): Uint8Array {
  return suite.hmacSha384(salt, keyMaterial);
}

/** RFC 5869, section 2.3: `length` bytes, at most 255 × 48. */
export function hkdfExpand(
  suite: CryptoSuite,
  key: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  if (length > 255 * HASH_BYTES) throw new RangeError('HKDF-Expand: length out of range');
  const out = new Uint8Array(length);
  let block: Uint8Array = new Uint8Array(0);
  for (let at = 0, counter = 1; at < length; at += HASH_BYTES, counter++) {
    block = suite.hmacSha384(key, block, info, Uint8Array.of(counter));
    out.set(block.subarray(0, length - at), at);
  }
  return out;
}
