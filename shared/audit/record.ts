/**
 * Audit records between a node and a data owner: X-Wing to the owner's key, AES-256-GCM under a key
 * that comes from it, padded so that the length does not tell how much was found.
 *
 * record = "NMPA" ‖ 0x01 ‖ X-Wing ciphertext (1120) ‖ nonce (12) ‖ AES-256-GCM(padded) ‖ tag (16)
 * padded = length (4, big-endian) ‖ text ‖ zeros, a multiple of 4,096 bytes
 * key    = HMAC-SHA-384(shared secret, "nmp audit record v1" ‖ ciphertext)[0, 32)
 */
import { concat, utf8 } from '../bytes.ts';
import { AES_GCM, type Aead, type CryptoSuite, type KemKeyPair, XWING } from '../crypto/suite.ts';
import { NmpError } from '../errors.ts';
import type { Random } from '../runtime.ts';

const MAGIC = utf8('NMPA\u0001');
const LABEL = utf8('nmp audit record v1');
const BLOCK = 4096;
/** Longest text of a record, bytes. */
const TEXT_MAX = 64 * 1024;
const HEAD = MAGIC.length + XWING.ciphertext + AES_GCM.nonce;

function keyOf(suite: CryptoSuite, sharedSecret: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  return suite.hmacSha384(sharedSecret, LABEL, ciphertext).subarray(0, AES_GCM.key);
}

/** @throws NmpError HANDSHAKE_KEM for a key that is none, FRAME_SIZE for a text over 64 KiB */
export function sealAuditRecord(
  { suite, random }: { readonly suite: CryptoSuite; readonly random: Random },
  ownerKey: Uint8Array,
  text: Uint8Array,
): Uint8Array {
  if (text.length > TEXT_MAX) throw new NmpError('FRAME_SIZE');
  const { ciphertext, sharedSecret } = suite.kem.encapsulate(ownerKey);
  const padded = new Uint8Array(Math.ceil((text.length + 4) / BLOCK) * BLOCK);
  new DataView(padded.buffer).setUint32(0, text.length);
  padded.set(text, 4);
  const nonce = random.bytes(AES_GCM.nonce);
  const aead = suite.aead(keyOf(suite, sharedSecret, ciphertext));
  try {
    return concat(MAGIC, ciphertext, nonce, ...aead.seal(nonce, MAGIC, padded));
  } finally {
    aead.wipe();
    sharedSecret.fill(0);
  }
}

/** The key is forgotten whether or not the tag holds. */
function opened(aead: Aead, nonce: Uint8Array, sealed: Uint8Array, tag: Uint8Array): Uint8Array {
  try {
    return concat(...aead.open(nonce, MAGIC, [sealed], tag));
  } finally {
    aead.wipe();
  }
}

/** @throws NmpError AUDIT_RECORD for anything but a whole record sealed to this key */
export function openAuditRecord(
  suite: CryptoSuite,
  ownerKeys: Pick<KemKeyPair, 'decapsulate'>,
  record: Uint8Array,
): Uint8Array {
  try {
    const end = record.length - AES_GCM.tag;
    if (end < HEAD + BLOCK || end > HEAD + TEXT_MAX + BLOCK) throw new RangeError('length');
    if (MAGIC.some((byte, at) => record[at] !== byte)) throw new RangeError('magic');
    const ciphertext = record.subarray(MAGIC.length, MAGIC.length + XWING.ciphertext);
    const nonce = record.subarray(HEAD - AES_GCM.nonce, HEAD);
    const sharedSecret = ownerKeys.decapsulate(ciphertext);
    const aead = suite.aead(keyOf(suite, sharedSecret, ciphertext));
    sharedSecret.fill(0);
    const padded = opened(aead, nonce, record.subarray(HEAD, end), record.subarray(end));
    const length = new DataView(padded.buffer).getUint32(0);
    if (length > padded.length - 4) throw new RangeError('text');
    return padded.subarray(4, 4 + length);
  } catch (cause) {
    throw new NmpError('AUDIT_RECORD', undefined, { cause });
  }
}
