/**
 * Canonical CBOR for what is signed: definite lengths, shortest integers, text keys in a fixed
 * order. cbor-x does the encoding; decoding accepts only bytes that it would write again.
 */
import { Encoder } from 'cbor-x';
import { equalBytes } from '../bytes.ts';
import { NmpError } from '../errors.ts';

const codec = new Encoder({ useRecords: false, mapsAsObjects: false, tagUint8Array: false });

/** A value that our canonical CBOR holds. */
export type CborValue =
  | number
  | bigint
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<string | number, CborValue>;

/** An unsigned integer in its shortest form: cbor-x writes large numbers as floats. */
export function uint(value: number | bigint): number | bigint {
  const big = BigInt(value);
  return big <= 0xffff_ffffn ? Number(big) : big;
}

export function encodeCbor(value: CborValue): Uint8Array {
  return Uint8Array.from(codec.encode(value));
}

/**
 * @param bytes from outside, at most `maxBytes` long
 * @throws NmpError FRAME_SIZE, FRAME_MALFORMED
 */
export function decodeCbor(bytes: Uint8Array, maxBytes: number): unknown {
  if (bytes.length > maxBytes) throw new NmpError('FRAME_SIZE');
  try {
    const value: unknown = codec.decode(bytes);
    if (equalBytes(codec.encode(value), bytes)) return value;
  } catch (cause) {
    throw new NmpError('FRAME_MALFORMED', undefined, { cause });
  }
  throw new NmpError('FRAME_MALFORMED');
}

/** Reads the fields of a map with exactly the given text keys, in order. */
export class CborFields {
  readonly #entries: readonly (readonly [unknown, unknown])[];
  #at = 0;

  /** @throws NmpError FRAME_MALFORMED if `value` is not a map of `size` entries */
  constructor(value: unknown, size: number) {
    if (!(value instanceof Map) || value.size !== size) throw new NmpError('FRAME_MALFORMED');
    this.#entries = [...value.entries()];
  }

  #next(key: string): unknown {
    const entry = this.#entries[this.#at++];
    if (entry === undefined || entry[0] !== key) throw new NmpError('FRAME_MALFORMED');
    return entry[1];
  }

  bytes(key: string, length?: number): Uint8Array {
    const value = this.#next(key);
    if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length)) {
      throw new NmpError('FRAME_MALFORMED');
    }
    return Uint8Array.from(value);
  }

  text(key: string, maxLength: number): string {
    const value = this.#next(key);
    if (typeof value !== 'string' || value.length > maxLength) {
      throw new NmpError('FRAME_MALFORMED');
    }
    return value;
  }

  uint(key: string): bigint {
    const value = this.#next(key);
    if (typeof value === 'bigint' && value >= 0n) return value;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) {
      return BigInt(value);
    }
    throw new NmpError('FRAME_MALFORMED');
  }

  boolean(key: string): boolean {
    const value = this.#next(key);
    if (typeof value !== 'boolean') throw new NmpError('FRAME_MALFORMED');
    return value;
  }

  array(key: string, maxLength: number): readonly unknown[] {
    const value = this.#next(key);
    if (!Array.isArray(value) || value.length > maxLength) throw new NmpError('FRAME_MALFORMED');
    return value;
  }
}
