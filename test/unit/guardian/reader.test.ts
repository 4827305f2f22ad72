/** The reader of the binary format: each integer on both sides of its edges, each read within its end. */
import { describe, expect, it } from 'vitest';
import { Reader, Stop, type StopKind } from '../../../enclave/guardian/reader.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
/** What is read and where the reader then stands, or why and where it stopped. */
function read(text: string, take: (reader: Reader) => unknown): readonly [unknown, number] {
  const bytes = hex(text);
  // What lies behind the end must not be looked at.
  const reader = new Reader(Uint8Array.of(...bytes, 0, 0), 0, bytes.length);
  try {
    return [take(reader), reader.pos];
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return [error.kind, error.offset];
  }
}
const MALFORMED: StopKind = 'MALFORMED';
type Row = readonly [bytes: string, value: unknown, at: number];

describe('an unsigned integer of 32 bits', () => {
  it.each<Row>([
    ['00', 0, 1],
    ['7f', 127, 1],
    ['80 01', 128, 2],
    ['ff 7f', 16_383, 2],
    ['80 80 01', 16_384, 3],
    ['ff ff 7f', 2_097_151, 3],
    ['80 80 80 01', 2_097_152, 4],
    ['80 80 80 80 01', 2 ** 28, 5],
    ['ff ff ff ff 0f', 0xffff_ffff, 5],
    ['ff ff ff ff 07', 0x7fff_ffff, 5],
    ['80 80 80 80 08', 2 ** 31, 5],
    // Longer than need be, but legal.
    ['80 00', 0, 2],
    ['81 80 80 80 00', 1, 5],
    ['81 82 03', 1 + 2 * 128 + 3 * 16_384, 3],
  ])('%s', (bytes, value, at) => {
    expect(read(bytes, (reader) => reader.u32())).toEqual([value, at]);
  });

  it.each<[string, number]>([
    ['', 0],
    ['80', 1],
    ['80 80 80 80', 4],
    ['ff ff ff ff 10', 5],
    ['80 80 80 80 80', 5],
    ['80 80 80 80 80 00', 5],
  ])('is not %s', (bytes, at) => {
    expect(read(bytes, (reader) => reader.u32())).toEqual([MALFORMED, at]);
  });
});

describe('a signed integer', () => {
  const signed = (bits: 32 | 33) => (reader: Reader) => reader.signed(bits);

  it.each<Row>([
    ['00', 0, 1],
    ['3f', 63, 1],
    ['40', -64, 1],
    ['7f', -1, 1],
    ['c0 00', 64, 2],
    ['bf 7f', -65, 2],
    ['ff 3f', 8191, 2],
    ['80 40', -8192, 2],
    ['80 80 40', -(2 ** 20), 3],
    ['ff ff ff 3f', 2 ** 27 - 1, 4],
    ['80 80 80 40', -(2 ** 27), 4],
    ['ff ff ff ff 07', 2 ** 31 - 1, 5],
    ['80 80 80 80 78', -(2 ** 31), 5],
    ['80 80 80 80 00', 0, 5],
    ['ff ff ff ff 7f', -1, 5],
  ])('of 32 and of 33 bits: %s', (bytes, value, at) => {
    expect(read(bytes, signed(32))).toEqual([value, at]);
    expect(read(bytes, signed(33))).toEqual([value, at]);
  });

  it('has no bits beyond its sign', () => {
    expect(read('ff ff ff ff 0f', signed(33))).toEqual([2 ** 32 - 1, 5]);
    expect(read('80 80 80 80 70', signed(33))).toEqual([-(2 ** 32), 5]);
    for (const bytes of ['ff ff ff ff 0f', 'ff ff ff ff 4f', '80 80 80 80 70', '80 80 80 80 08']) {
      expect(read(bytes, signed(32))).toEqual([MALFORMED, 5]);
    }
    for (const bytes of ['80 80 80 80 10', '80 80 80 80 40', '80 80 80 80 60', 'ff ff ff ff ff']) {
      expect(read(bytes, signed(33))).toEqual([MALFORMED, 5]);
      expect(read(bytes, signed(32))).toEqual([MALFORMED, 5]);
    }
  });

  it.each<[string, number]>([
    ['', 0],
    ['80', 1],
    ['ff ff ff ff', 4],
    ['80 80 80 80 80 00', 5],
  ])('does not end before its last byte: %s', (bytes, at) => {
    expect(read(bytes, signed(32))).toEqual([MALFORMED, at]);
    expect(read(bytes, signed(33))).toEqual([MALFORMED, at]);
  });

  it('of 64 bits is passed over, in ten bytes at most', () => {
    const skip = (reader: Reader) => reader.skipS64();
    const nine = '80'.repeat(9);
    for (const last of ['00', '7f']) expect(read(nine + last, skip)).toEqual([undefined, 10]);
    for (const last of ['01', '7e', '40', '80', 'ff']) {
      expect(read(nine + last, skip)[0]).toBe(MALFORMED);
    }
    expect(read('7f', skip)).toEqual([undefined, 1]);
    expect(read(`${'80'.repeat(8)}55`, skip)).toEqual([undefined, 9]);
    expect(read(nine, skip)).toEqual([MALFORMED, 9]);
  });
});

describe('an unsigned integer of 64 bits', () => {
  const u64 = (reader: Reader) => reader.u64();

  it.each<Row>([
    ['00', 0, 1],
    ['ff 7f', 16_383, 2],
    ['80 80 80 80 10', 2 ** 32, 5],
    ['ff ff ff ff ff ff ff 0f', 2 ** 53 - 1, 8],
    [`${'80'.repeat(9)} 01`, 2 ** 63, 10],
    [`${'80'.repeat(9)} 00`, 0, 10],
  ])('%s', (bytes, value, at) => {
    expect(read(bytes, u64)).toEqual([value, at]);
  });

  it('has ten bytes at most, and no bits beyond the 64th', () => {
    expect(read(`${'80'.repeat(9)} 02`, u64)).toEqual([MALFORMED, 10]);
    expect(read('80'.repeat(10), u64)).toEqual([MALFORMED, 10]);
    expect(read('80'.repeat(9), u64)).toEqual([MALFORMED, 9]);
  });
});

describe('bytes', () => {
  it('are read up to the end and no further', () => {
    expect(read('07', (reader) => reader.u8())).toEqual([7, 1]);
    expect(read('', (reader) => reader.u8())).toEqual([MALFORMED, 0]);
    expect(read('0102', (reader) => reader.skip(2))).toEqual([undefined, 2]);
    expect(read('0102', (reader) => reader.skip(3))).toEqual([MALFORMED, 0]);
    const inner = new Reader(hex('0a0b0c'), 1);
    expect([inner.u8(), inner.u8(), inner.end]).toEqual([11, 12, 3]);
  });

  it('are enough for as many items as are announced', () => {
    const count = (least: number) => (reader: Reader) => reader.count(least);
    expect(read('00', count(4))).toEqual([0, 1]);
    expect(read('02 aaaa bbbb', count(2))).toEqual([2, 1]);
    expect(read('02 aaaa bb', count(2))).toEqual([MALFORMED, 1]);
    expect(read('ff ff ff ff 0f', count(1))).toEqual([MALFORMED, 5]);
  });

  it('are a name if they are UTF-8 and not too many', () => {
    const name = (reader: Reader) => reader.name();
    expect(read('00', name)).toEqual(['', 1]);
    expect(read('03 61 c3a9', name)).toEqual(['a\u00e9', 4]);
    expect(read('02 61', name)).toEqual([MALFORMED, 1]);
    for (const wrong of ['02 c328', '02 c080', '03 eda080', '01 ff']) {
      expect(read(wrong, name)).toEqual([MALFORMED, 1]);
    }
    const long = (length: number) =>
      read(
        Buffer.from([(length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14]).toString(
          'hex',
        ) + '61'.repeat(length),
        name,
      );
    expect(long(100_000)).toEqual(['a'.repeat(100_000), 100_003]);
    expect(long(100_001)).toEqual(['INVALID', 3]);
  });
});
