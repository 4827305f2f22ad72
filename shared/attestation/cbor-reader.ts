/**
 * Strict CBOR (RFC 8949, sections 3 and 4.2) for attestation documents, which an attacker wrote:
 * shortest integers, definite lengths (but for the one map that the NSM writes otherwise), no
 * tags, floats or simple values but null, no recursion, no allocation before the bytes are there.
 * cbor-x, which serves elsewhere, takes all of these silently.
 */
import { fromUtf8 } from '../bytes.ts';
import { NmpError } from '../errors.ts';

const MAJOR = {
  uint: 0,
  negative: 1,
  bytes: 2,
  text: 3,
  array: 4,
  map: 5,
  tag: 6,
  simple: 7,
} as const;
const NULL = 0xf6;
const INDEFINITE_MAP = 0xbf;
const BREAK = 0xff;

export type ItemKind = keyof typeof MAJOR | 'null';

export class CborReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get offset(): number {
    return this.#at;
  }

  /** @throws NmpError ATTESTATION_TRAILING unless all bytes were read */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new NmpError('ATTESTATION_TRAILING');
  }

  #initial(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new NmpError('ATTESTATION_TRUNCATED');
    return byte;
  }

  /** Kind of the next item, which stays unread. */
  kind(): ItemKind {
    const byte = this.#initial();
    if (byte === NULL) return 'null';
    const names: readonly ItemKind[] = [
      'uint',
      'negative',
      'bytes',
      'text',
      'array',
      'map',
      'tag',
      'simple',
    ];
    return names[byte >> 5] ?? 'simple';
  }

  /** Argument of the next item's head, RFC 8949, section 3, in its shortest form. */
  #head(major: number): bigint {
    const byte = this.#initial();
    if (byte >> 5 !== major) throw new NmpError('ATTESTATION_FIELD_TYPE');
    const info = byte & 0x1f;
    if (info === 31) throw new NmpError('ATTESTATION_INDEFINITE');
    if (info > 27) throw new NmpError('ATTESTATION_CBOR_TYPE');
    this.#at++;
    if (info < 24) return BigInt(info);
    const length = 1 << (info - 24);
    if (this.#bytes.length - this.#at < length) throw new NmpError('ATTESTATION_TRUNCATED');
    let value = 0n;
    for (let i = 0; i < length; i++) value = (value << 8n) | BigInt(this.#bytes[this.#at++] ?? 0);
    const least = length === 1 ? 24n : 1n << BigInt(4 * length);
    if (value < least) throw new NmpError('ATTESTATION_NON_MINIMAL');
    return value;
  }

  #take(major: number): Uint8Array {
    const length = this.#head(major);
    if (length > BigInt(this.#bytes.length - this.#at)) {
      throw new NmpError('ATTESTATION_TRUNCATED');
    }
    const start = this.#at;
    this.#at += Number(length);
    return this.#bytes.subarray(start, this.#at);
  }

  uint(): bigint {
    return this.#head(MAJOR.uint);
  }

  /** A negative integer, RFC 8949, major type 1. */
  negative(): bigint {
    return -1n - this.#head(MAJOR.negative);
  }

  bytes(): Uint8Array {
    return this.#take(MAJOR.bytes);
  }

  /** A byte string, or undefined for null. */
  bytesOrNull(): Uint8Array | undefined {
    if (this.#initial() !== NULL) return this.bytes();
    this.#at++;
    return undefined;
  }

  text(): string {
    const bytes = this.#take(MAJOR.text);
    try {
      return fromUtf8(bytes);
    } catch (cause) {
      throw new NmpError('ATTESTATION_UTF8', undefined, { cause });
    }
  }

  tag(): bigint {
    return this.#head(MAJOR.tag);
  }

  /** Number of elements of an array, never more than the bytes that are left. */
  array(): number {
    return this.#count(MAJOR.array);
  }

  /** Number of entries of a map of definite length. */
  map(): number {
    return this.#count(MAJOR.map);
  }

  #count(major: number): number {
    const count = this.#head(major);
    if (count > BigInt(this.#bytes.length - this.#at)) throw new NmpError('ATTESTATION_TRUNCATED');
    return Number(count);
  }

  /** Reads a map of definite or indefinite length, entry by entry. */
  eitherMap(entry: () => void): void {
    if (this.#initial() !== INDEFINITE_MAP) {
      for (let left = this.map(); left > 0; left--) entry();
      return;
    }
    this.#at++;
    while (this.#initial() !== BREAK) entry();
    this.#at++;
  }
}
