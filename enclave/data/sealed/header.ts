/**
 * Header of a sealed dataset, version 1 (docs/protocol.md, Sealed dataset): what is needed to ask
 * for the data key, in the clear, and bound to every chunk by its hash.
 */
import { createHash } from 'node:crypto';
import { NmpError } from '../../../shared/errors.ts';
import { CborFields, type CborValue, decodeCbor, encodeCbor } from '../../../shared/wire/cbor.ts';

export const SEALED_MAGIC = Uint8Array.from(Buffer.from('NMPSEAL1', 'latin1'));
/** Magic, then the length of the header as an unsigned big-endian integer of 32 bits. */
export const SEALED_PREFIX_BYTES = 12;
export const SEALED_HEADER_BYTES_MAX = 8192;
export const NONCE_PREFIX_BYTES = 7;
/** Chunks of plaintext: large enough that tags cost nothing, small enough to hold beside the whole. */
export const CHUNK_BYTES = { min: 64, default: 65_536, max: 1_048_576 } as const;

const VERSION = 1n;
/** Longest CiphertextBlob of AWS KMS, API reference of Decrypt. */
const ENCRYPTED_KEY_BYTES_MAX = 6144;
const KEY_ID_CHARS_MAX = 2048;
const COMMITMENT_BYTES = 32;
const FORMATS = ['csv', 'fhir-ndjson', 'ndjson'] as const;
const PROVIDERS = ['kms', 'local'] as const;

export type SealedFormat = (typeof FORMATS)[number];

export interface SealedHeader {
  /** Who decrypts the data key; `local` is a file beside the node, for trials. */
  readonly provider: (typeof PROVIDERS)[number];
  /** ARN of the KMS key; for `local` the fingerprint of the key, 64 hexadecimal digits. */
  readonly keyId: string;
  /** The data key as the provider encrypted it, 1–6144 bytes. */
  readonly encryptedKey: Uint8Array;
  /** Bytes of plaintext in every chunk but the last. */
  readonly chunkBytes: number;
  /** Id of the dataset. */
  readonly name: string;
  readonly format: SealedFormat;
  /** 7 bytes, first part of every nonce. */
  readonly noncePrefix: Uint8Array;
  /** HMAC-SHA-256 of the plaintext under a key derived from the data key, 32 bytes. */
  readonly commitment: Uint8Array;
}

/** Magic, length and header, as they start the file. */
export function encodeHeader(header: SealedHeader): Uint8Array {
  const body = encodeCbor(
    new Map<string, CborValue>([
      ['version', Number(VERSION)],
      ['provider', header.provider],
      ['key_id', header.keyId],
      ['encrypted_key', header.encryptedKey],
      ['chunk_bytes', header.chunkBytes],
      ['name', header.name],
      ['format', header.format],
      ['nonce_prefix', header.noncePrefix],
      ['commitment', header.commitment],
    ]),
  );
  const out = Buffer.alloc(SEALED_PREFIX_BYTES + body.length);
  out.set(SEALED_MAGIC);
  out.writeUInt32BE(body.length, SEALED_MAGIC.length);
  out.set(body, SEALED_PREFIX_BYTES);
  return Uint8Array.from(out);
}

/**
 * @param prefix the first 12 bytes of the file
 * @returns length of the header that follows
 * @throws NmpError SEALED_MALFORMED
 */
export function headerLength(prefix: Uint8Array): number {
  const bytes = Buffer.from(prefix);
  if (
    bytes.length !== SEALED_PREFIX_BYTES ||
    !bytes.subarray(0, SEALED_MAGIC.length).equals(SEALED_MAGIC)
  ) {
    throw new NmpError('SEALED_MALFORMED');
  }
  const length = bytes.readUInt32BE(SEALED_MAGIC.length);
  if (length === 0 || length > SEALED_HEADER_BYTES_MAX) throw new NmpError('SEALED_MALFORMED');
  return length;
}

function oneOf<T extends string>(allowed: readonly T[], value: string): T {
  const found = allowed.find((entry) => entry === value);
  if (found === undefined) throw new NmpError('SEALED_MALFORMED');
  return found;
}

function readFields(body: Uint8Array): SealedHeader {
  const fields = new CborFields(decodeCbor(body, SEALED_HEADER_BYTES_MAX), 9);
  if (fields.uint('version') !== VERSION) throw new NmpError('SEALED_MALFORMED');
  const header: SealedHeader = {
    provider: oneOf(PROVIDERS, fields.text('provider', 16)),
    keyId: fields.text('key_id', KEY_ID_CHARS_MAX),
    encryptedKey: fields.bytes('encrypted_key'),
    chunkBytes: Number(fields.uint('chunk_bytes')),
    name: fields.text('name', 64),
    format: oneOf(FORMATS, fields.text('format', 16)),
    noncePrefix: fields.bytes('nonce_prefix', NONCE_PREFIX_BYTES),
    commitment: fields.bytes('commitment', COMMITMENT_BYTES),
  };
  const { chunkBytes, encryptedKey, keyId, name } = header;
  if (
    chunkBytes < CHUNK_BYTES.min ||
    chunkBytes > CHUNK_BYTES.max ||
    encryptedKey.length === 0 ||
    encryptedKey.length > ENCRYPTED_KEY_BYTES_MAX ||
    keyId.length === 0 ||
    !/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name)
  ) {
    throw new NmpError('SEALED_MALFORMED');
  }
  return header;
}

/**
 * @param body canonical CBOR, at most 8192 bytes, from outside
 * @throws NmpError SEALED_MALFORMED
 */
export function decodeHeader(body: Uint8Array): SealedHeader {
  try {
    return readFields(body);
  } catch (cause) {
    throw new NmpError('SEALED_MALFORMED', undefined, { cause });
  }
}

/** What every chunk authenticates beside itself: SHA-256 of magic, length and header. */
export function headerHash(encoded: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(encoded).digest());
}
