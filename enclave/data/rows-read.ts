/**
 * Which rows a guest read, by which bytes of its input it read. A row counts if a byte of a cell's
 * value was read; that its cell is null can be read without.
 */
import { type Data, Type, tableFromIPC } from 'apache-arrow';
import { decodeGuestInput } from '../../shared/wire/guest-input.ts';

/** Bytes `start` to before `end` of the guest input. */
interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Marks the rows of fixed-width cells that `range` touches; below one row a byte where cells are wider. */
function markFixed(rows: Uint8Array, base: number, rowsPerByte: number, range: ByteRange): void {
  const first = Math.max(0, Math.floor((range.start - base) * rowsPerByte));
  const last = Math.min(rows.length, Math.ceil((range.end - base) * rowsPerByte));
  if (first < last) rows.fill(1, first, last);
}

/** First row of `rows` whose text ends behind byte `at` of the values; texts lie in order. */
function firstEndingBehind(offsets: Int32Array, rows: number, at: number): number {
  let low = 0;
  let high = rows;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((offsets[middle + 1] ?? 0) > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Marks texts of which a byte was read, with those between, and empty ones whose offsets were. */
function markTexts(
  rows: Uint8Array,
  offsets: Int32Array,
  at: { readonly values: number; readonly offsets: number },
  range: ByteRange,
): void {
  const from = firstEndingBehind(offsets, rows.length, range.start - at.values);
  for (let row = from; row < rows.length; row++) {
    if ((offsets[row] ?? 0) >= range.end - at.values) break;
    rows[row] = 1;
  }
  const first = Math.max(0, Math.floor((range.start - at.offsets) / 4) - 1);
  const last = Math.min(rows.length, Math.ceil((range.end - at.offsets) / 4));
  for (let row = first; row < last; row++) if (offsets[row] === offsets[row + 1]) rows[row] = 1;
}

function markColumn(rows: Uint8Array, data: Data, reads: readonly ByteRange[]): void {
  // Buffers of a stream in memory are views of it, so that their offsets say where they lie.
  const base = data.values.byteOffset;
  for (const range of reads) {
    switch (data.type.typeId) {
      case Type.Bool:
        markFixed(rows, base, 8, range);
        break;
      case Type.Int:
        markFixed(rows, base, 1 / 4, range);
        break;
      case Type.Float:
        markFixed(rows, base, 1 / 8, range);
        break;
      default:
        markTexts(
          rows,
          data.valueOffsets,
          { values: base, offsets: data.valueOffsets.byteOffset },
          range,
        );
    }
  }
}

/**
 * Rows read of each table of whose stream a byte was read; undefined if the whole input was.
 * @param input as `encodeGuestInput` wrote it
 */
export function rowsRead(
  input: Uint8Array,
  reads: readonly ByteRange[],
): ReadonlyMap<string, number> | undefined {
  if (reads.some(({ start, end }) => start === 0 && end >= input.length)) return undefined;
  // At the start of a buffer of its own, so that offsets in it are offsets in the input.
  const own = input.byteOffset === 0 ? input : Uint8Array.from(input);
  const counts = new Map<string, number>();
  for (const { name, stream } of decodeGuestInput(own).tables) {
    const from = stream.byteOffset;
    const inside = reads.filter(({ start, end }) => start < from + stream.length && end > from);
    if (inside.length === 0) continue;
    const [batch] = tableFromIPC(stream).batches;
    if (batch === undefined) continue;
    const rows = new Uint8Array(batch.numRows);
    for (const data of batch.data.children) markColumn(rows, data, inside);
    let count = 0;
    for (const mark of rows) count += mark;
    counts.set(name, count);
  }
  return counts;
}
