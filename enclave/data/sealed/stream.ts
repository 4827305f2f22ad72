/**
 * Chunks of a sealed dataset: AES-256-GCM in the STREAM construction (Hoang, Reyhanitabar, Rogaway,
 * Vizár: Online Authenticated-Encryption, 2015). Number and last flag are in the nonce, the hash of
 * the header is the associated data: no chunk fits another place, file or header.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  timingSafeEqual,
} from 'node:crypto';
import { NmpError } from '../../../shared/errors.ts';
import {
  decodeHeader,
  encodeHeader,
  headerHash,
  headerLength,
  NONCE_PREFIX_BYTES,
  SEALED_PREFIX_BYTES,
  type SealedHeader,
} from './header.ts';

export const DATA_KEY_BYTES = 32;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
const INFO = { encrypt: 'nmp-sealed-dataset/1 encrypt', commit: 'nmp-sealed-dataset/1 commit' };

/** Bytes by place: a file, or a buffer in a test. */
export interface SealedInput {
  readonly size: number;
  /** Exactly `length` bytes from `at`. @throws NmpError DATA_UNREADABLE */
  read(at: number, length: number): Promise<Uint8Array>;
}

function derive(dataKey: Uint8Array, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', dataKey, new Uint8Array(0), info, 32));
}

/** Blinded by the data key: a bare hash in the clear would let anybody test guesses of the records. */
function commit(dataKey: Uint8Array, plaintext: Uint8Array): Buffer {
  const key = derive(dataKey, INFO.commit);
  const out = createHmac('sha256', key).update(plaintext).digest();
  key.fill(0);
  return out;
}

function nonceOf(prefix: Uint8Array, index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.set(prefix);
  nonce.writeUInt32BE(index, NONCE_PREFIX_BYTES);
  nonce[NONCE_BYTES - 1] = last ? 1 : 0;
  return nonce;
}

/** Seals in memory. `dataKey` has 32 bytes and stays the caller's, who wipes it. */
export function sealBytes(
  description: Omit<SealedHeader, 'commitment'>,
  dataKey: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const header = { ...description, commitment: Uint8Array.from(commit(dataKey, plaintext)) };
  const encoded = encodeHeader(header);
  const aad = headerHash(encoded);
  const key = derive(dataKey, INFO.encrypt);
  const parts: Uint8Array[] = [encoded];
  const chunks = Math.max(1, Math.ceil(plaintext.length / header.chunkBytes));
  for (let index = 0; index < chunks; index++) {
    const nonce = nonceOf(header.noncePrefix, index, index === chunks - 1);
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(aad);
    const start = index * header.chunkBytes;
    parts.push(cipher.update(plaintext.subarray(start, start + header.chunkBytes)));
    cipher.final();
    parts.push(cipher.getAuthTag());
  }
  key.fill(0);
  return Uint8Array.from(Buffer.concat(parts));
}

function openChunk(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  chunk: Uint8Array,
): Buffer | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(aad);
  decipher.setAuthTag(chunk.subarray(chunk.length - TAG_BYTES));
  const plain = decipher.update(chunk.subarray(0, chunk.length - TAG_BYTES));
  try {
    decipher.final();
    return plain;
  } catch {
    plain.fill(0);
    return undefined;
  }
}

/** The header of a file and where its chunks start. @throws NmpError SEALED_*, DATA_UNREADABLE */
export async function readHeader(
  input: SealedInput,
): Promise<{ readonly header: SealedHeader; readonly encoded: Uint8Array }> {
  if (input.size < SEALED_PREFIX_BYTES) throw new NmpError('SEALED_MALFORMED');
  const prefix = await input.read(0, SEALED_PREFIX_BYTES);
  const length = headerLength(prefix);
  if (input.size < SEALED_PREFIX_BYTES + length) throw new NmpError('SEALED_TRUNCATED');
  const body = await input.read(SEALED_PREFIX_BYTES, length);
  return { header: decodeHeader(body), encoded: Uint8Array.from(Buffer.concat([prefix, body])) };
}

/**
 * The plaintext, chunk by chunk into one buffer in memory; on any fault what was opened is wiped.
 *
 * @param maxBytes longest plaintext, checked before anything is allocated
 * @throws NmpError SEALED_*, DATA_LIMIT, DATA_UNREADABLE
 */
export async function unsealBytes(
  input: SealedInput,
  dataKey: Uint8Array,
  maxBytes: number,
): Promise<Uint8Array> {
  const { header, encoded } = await readHeader(input);
  const stride = header.chunkBytes + TAG_BYTES;
  const body = input.size - encoded.length;
  const chunks = Math.ceil(body / stride);
  const lastLength = body - (chunks - 1) * stride;
  if (chunks < 1 || lastLength < TAG_BYTES) throw new NmpError('SEALED_TRUNCATED');
  const size = body - chunks * TAG_BYTES;
  if (size > maxBytes) throw new NmpError('DATA_LIMIT');
  // An empty last chunk is for the empty file only: every plaintext has one sealed form.
  if (chunks > 1 && lastLength === TAG_BYTES) throw new NmpError('SEALED_TRUNCATED');
  if (dataKey.length !== DATA_KEY_BYTES) throw new NmpError('SEALED_KEY');
  const aad = headerHash(encoded);
  const key = derive(dataKey, INFO.encrypt);
  const out = new Uint8Array(size);
  try {
    for (let index = 0; index < chunks; index++) {
      const last = index === chunks - 1;
      const at = encoded.length + index * stride;
      const chunk = await input.read(at, last ? lastLength : stride);
      const plain = openChunk(key, nonceOf(header.noncePrefix, index, last), aad, chunk);
      if (plain === undefined) {
        const inner = nonceOf(header.noncePrefix, index, false);
        const cut = last && openChunk(key, inner, aad, chunk) !== undefined;
        throw new NmpError(cut ? 'SEALED_TRUNCATED' : 'SEALED_CHUNK');
      }
      out.set(plain, index * header.chunkBytes);
      plain.fill(0);
    }
    // AES-GCM alone does not commit to its key: this does.
    if (!timingSafeEqual(commit(dataKey, out), header.commitment)) {
      throw new NmpError('SEALED_COMMITMENT');
    }
    return out;
  } catch (error) {
    out.fill(0);
    throw error;
  } finally {
    key.fill(0);
  }
}
