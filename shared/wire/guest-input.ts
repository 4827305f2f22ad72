/**
 * The one buffer that a guest receives: arguments and tables. docs/protocol.md, Guest input. The
 * input commitment covers these bytes, so there is exactly one encoding of a given input.
 */
import { equalBytes, fromUtf8, utf8 } from '../bytes.ts';
import { NmpError } from '../errors.ts';
import { canonicalJson, type JsonValue } from './canonical-json.ts';

/** `NMPI`, as a little-endian u32. */
const MAGIC = 0x49_50_4d_4e;
const VERSION = 1;
const HEADER_BYTES = 16;
const TABLE_HEADER_BYTES = 16;

/** A guest has at most 50 MiB of memory to hold its input. */
export const GUEST_INPUT_BYTES_MAX = 50 * 1024 * 1024;
export const ARGUMENTS_BYTES_MAX = 1024 * 1024;
export const TABLES_MAX = 16;
export const TABLE_NAME_BYTES_MAX = 64;

export interface GuestTable {
  /** Dataset id: 1 to 64 bytes of UTF-8. */
  readonly name: string;
  /** Arrow IPC stream. */
  readonly stream: Uint8Array;
}

export interface GuestInput {
  readonly arguments: JsonValue;
  readonly tables: readonly GuestTable[];
}

const padded = (length: number): number => (length + 7) & ~7;

/**
 * @throws NmpError GUEST_INPUT_LIMIT; GUEST_INPUT_MALFORMED for arguments that are not JSON, and
 * for table names that are empty or repeated
 */
export function encodeGuestInput(input: GuestInput): Uint8Array {
  let args: Uint8Array;
  try {
    args = utf8(canonicalJson(input.arguments));
  } catch (cause) {
    throw new NmpError('GUEST_INPUT_MALFORMED', undefined, { cause });
  }
  const names = input.tables.map((table) => utf8(table.name));
  if (args.length > ARGUMENTS_BYTES_MAX || names.length > TABLES_MAX) {
    throw new NmpError('GUEST_INPUT_LIMIT');
  }
  if (new Set(input.tables.map((table) => table.name)).size !== names.length) {
    throw new NmpError('GUEST_INPUT_MALFORMED');
  }
  let size = HEADER_BYTES + padded(args.length);
  input.tables.forEach(({ name, stream }, at) => {
    const nameBytes = names[at]?.length ?? 0;
    if (nameBytes === 0 || !name.isWellFormed()) throw new NmpError('GUEST_INPUT_MALFORMED');
    if (nameBytes > TABLE_NAME_BYTES_MAX) throw new NmpError('GUEST_INPUT_LIMIT');
    size += TABLE_HEADER_BYTES + padded(nameBytes) + padded(stream.length);
  });
  if (size > GUEST_INPUT_BYTES_MAX) throw new NmpError('GUEST_INPUT_LIMIT');

  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, args.length, true);
  view.setUint32(12, names.length, true);
  out.set(args, HEADER_BYTES);
  let at = HEADER_BYTES + padded(args.length);
  input.tables.forEach(({ stream }, index) => {
    const name = names[index] ?? new Uint8Array(0);
    view.setUint32(at, name.length, true);
    view.setBigUint64(at + 8, BigInt(stream.length), true);
    at += TABLE_HEADER_BYTES;
    out.set(name, at);
    at += padded(name.length);
    out.set(stream, at);
    at += padded(stream.length);
  });
  return out;
}

/** Cuts strictly bounded pieces; every violation is the same coded error. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get ended(): boolean {
    return this.#at === this.#bytes.length;
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw new NmpError('GUEST_INPUT_MALFORMED');
    this.#at += length;
    return at;
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u64(max: number): number {
    const value = this.#view.getBigUint64(this.#take(8), true);
    if (value > BigInt(max)) throw new NmpError('GUEST_INPUT_MALFORMED');
    return Number(value);
  }

  /** `length` bytes and their zero padding. */
  padded(length: number): Uint8Array {
    const start = this.#take(padded(length));
    for (let at = start + length; at < this.#at; at++) {
      if (this.#bytes[at] !== 0) throw new NmpError('GUEST_INPUT_MALFORMED');
    }
    return this.#bytes.subarray(start, start + length);
  }
}

function parseArguments(bytes: Uint8Array): JsonValue {
  try {
    const value: JsonValue = JSON.parse(fromUtf8(bytes));
    if (equalBytes(utf8(canonicalJson(value)), bytes)) return value;
  } catch (cause) {
    throw new NmpError('GUEST_INPUT_MALFORMED', undefined, { cause });
  }
  throw new NmpError('GUEST_INPUT_MALFORMED');
}

/**
 * Accepts exactly what `encodeGuestInput` writes; streams are views into `bytes`, not parsed.
 * @throws NmpError GUEST_INPUT_LIMIT, GUEST_INPUT_MALFORMED
 */
export function decodeGuestInput(bytes: Uint8Array): GuestInput {
  if (bytes.length > GUEST_INPUT_BYTES_MAX) throw new NmpError('GUEST_INPUT_LIMIT');
  const reader = new Reader(bytes);
  if (reader.u32() !== MAGIC || reader.u32() !== VERSION) {
    throw new NmpError('GUEST_INPUT_MALFORMED');
  }
  const argumentBytes = reader.u32();
  const tableCount = reader.u32();
  if (argumentBytes > ARGUMENTS_BYTES_MAX || tableCount > TABLES_MAX) {
    throw new NmpError('GUEST_INPUT_LIMIT');
  }
  const args = parseArguments(reader.padded(argumentBytes));
  const tables: GuestTable[] = [];
  for (let i = 0; i < tableCount; i++) {
    const nameBytes = reader.u32();
    if (nameBytes === 0 || nameBytes > TABLE_NAME_BYTES_MAX || reader.u32() !== 0) {
      throw new NmpError('GUEST_INPUT_MALFORMED');
    }
    const streamBytes = reader.u64(GUEST_INPUT_BYTES_MAX);
    const name = decodeName(reader.padded(nameBytes));
    if (tables.some((table) => table.name === name)) throw new NmpError('GUEST_INPUT_MALFORMED');
    tables.push({ name, stream: reader.padded(streamBytes) });
  }
  if (!reader.ended) throw new NmpError('GUEST_INPUT_MALFORMED');
  return { arguments: args, tables };
}

function decodeName(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch (cause) {
    throw new NmpError('GUEST_INPUT_MALFORMED', undefined, { cause });
  }
}
