/**
 * A strict reader of the WebAssembly binary format (core specification 2.0, chapter 5). Every
 * read is bounded; a break of the grammar throws a {@link Stop}, which the decoder catches.
 */
import { isUtf8 } from 'node:buffer';

/** Why decoding stopped. `feature`: the bytes belong to a proposal that is switched off. */
export type StopKind = 'MALFORMED' | 'INVALID' | 'FEATURE';

/** Thrown to leave the decoder; not an Error, since hostile input would pay for its stack trace. */
export class Stop {
  readonly kind: StopKind;
  readonly offset: number;
  constructor(kind: StopKind, offset: number) {
    this.kind = kind;
    this.offset = offset;
  }
}

/** Longest name accepted, bytes: the limit of the JavaScript API specification and wasmparser. */
const MAX_NAME_BYTES = 100_000;

export class Reader {
  readonly bytes: Uint8Array;
  pos: number;
  end: number;

  constructor(bytes: Uint8Array, pos = 0, end = bytes.length) {
    this.bytes = bytes;
    this.pos = pos;
    this.end = end;
  }

  fail(kind: StopKind = 'MALFORMED'): never {
    throw new Stop(kind, this.pos);
  }

  u8(): number {
    if (this.pos >= this.end) this.fail();
    return this.bytes[this.pos++] as number;
  }

  /** Unsigned LEB128 of at most 32 bits: 5 bytes, no bits beyond the 32nd. */
  u32(): number {
    const bytes = this.bytes;
    // Nearly every integer of a real module is one byte long.
    if (this.pos < this.end) {
      const first = bytes[this.pos] as number;
      if (first < 0x80) {
        this.pos++;
        return first;
      }
    }
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.pos >= this.end) this.fail();
      const byte = bytes[this.pos++] as number;
      if (shift === 28 && byte > 0x0f) this.fail();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    return this.fail();
  }

  /** Signed LEB128 of `bits` (32 or 33) bits; block types use 33. */
  signed(bits: 32 | 33): number {
    const bytes = this.bytes;
    if (this.pos < this.end) {
      const first = bytes[this.pos] as number;
      if (first < 0x80) {
        this.pos++;
        return first < 0x40 ? first : first - 0x80;
      }
    }
    let value = 0;
    for (let index = 0, scale = 1; index < 5; index++, scale *= 128) {
      if (this.pos >= this.end) this.fail();
      const byte = bytes[this.pos++] as number;
      if (index === 4) {
        // Bits past the value must repeat its sign.
        const spare = bits === 32 ? byte & 0x78 : byte & 0x70;
        const all = bits === 32 ? 0x78 : 0x70;
        if (byte >= 0x80 || (spare !== 0 && spare !== all)) this.fail();
        return value + ((byte & 0x40) !== 0 ? (byte & 0x7f) - 0x80 : byte & 0x7f) * 2 ** 28;
      }
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        return (byte & 0x40) !== 0 ? value - scale * 128 : value;
      }
    }
    return this.fail();
  }

  /** Skips a signed LEB128 of at most 64 bits. */
  skipS64(): void {
    for (let index = 0; index < 10; index++) {
      const byte = this.u8();
      if (index === 9 && byte !== 0x00 && byte !== 0x7f) this.fail();
      if (byte < 0x80) return;
    }
  }

  /** Unsigned LEB128 of at most 64 bits, as a double (exact below 2^53). */
  u64(): number {
    let value = 0;
    for (let index = 0; index < 10; index++) {
      const byte = this.u8();
      if (index === 9 && byte > 1) this.fail();
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    return this.fail();
  }

  skip(length: number): void {
    if (length > this.end - this.pos) this.fail();
    this.pos += length;
  }

  /** A vector's length; `itemBytes` is the least an item takes, so that counts cannot lie. */
  count(itemBytes: number): number {
    const count = this.u32();
    if (count * itemBytes > this.end - this.pos) this.fail();
    return count;
  }

  /** A name: length and strict UTF-8. */
  name(): string {
    const length = this.u32();
    if (length > this.end - this.pos) this.fail();
    if (length > MAX_NAME_BYTES) this.fail('INVALID');
    const from = this.bytes.subarray(this.pos, this.pos + length);
    if (!isUtf8(from)) this.fail();
    this.pos += length;
    return Buffer.from(from.buffer, from.byteOffset, length).toString('utf8');
  }
}
