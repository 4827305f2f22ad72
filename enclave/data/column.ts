/**
 * A typed column in the memory layout of Apache Arrow (columnar format 1.x): a validity bitmap,
 * least significant bit first, and value buffers. The layout is what guests read and what the
 * dataset commitment hashes.
 */
import type { CellType } from '../../shared/policy/node-config.ts';

export type Cell = string | number | boolean | null;

export interface Column {
  readonly name: string;
  readonly type: CellType;
  readonly rows: number;
  readonly nulls: number;
  /** ⌈rows/8⌉ bytes, unused bits 0. */
  readonly validity: Uint8Array;
  /** Utf8: the text; Int32, Float64: little-endian; Bool: a bitmap. A null's value is 0 or empty. */
  readonly values: Uint8Array;
  /** Utf8 only: rows + 1 offsets. */
  readonly offsets?: Int32Array;
}

const INITIAL_ROWS = 1024;
const encoder = new TextEncoder();

function grown(bytes: Uint8Array, needed: number): Uint8Array {
  if (needed <= bytes.length) return bytes;
  const out = new Uint8Array(Math.max(needed, 2 * bytes.length));
  out.set(bytes);
  return out;
}

/** Takes cells that already have the column's type. */
export class ColumnBuilder {
  readonly name: string;
  readonly type: CellType;
  #rows = 0;
  #nulls = 0;
  #validity: Uint8Array = new Uint8Array(INITIAL_ROWS / 8);
  #values: Uint8Array = new Uint8Array(INITIAL_ROWS);
  #used = 0;
  #offsets = new Int32Array(INITIAL_ROWS + 1);

  constructor(name: string, type: CellType) {
    this.name = name;
    this.type = type;
  }

  push(cell: Cell): void {
    const row = this.#rows++;
    this.#validity = grown(this.#validity, (row >> 3) + 1);
    if (cell === null) this.#nulls++;
    else this.#validity[row >> 3] = (this.#validity[row >> 3] ?? 0) | (1 << (row & 7));
    switch (this.type) {
      case 'utf8':
        this.#pushText(row, cell === null ? '' : String(cell));
        break;
      case 'bool':
        this.#used = (row >> 3) + 1;
        this.#values = grown(this.#values, this.#used);
        if (cell === true) {
          this.#values[row >> 3] = (this.#values[row >> 3] ?? 0) | (1 << (row & 7));
        }
        break;
      case 'int32':
        this.#number(4).setInt32(4 * row, Number(cell ?? 0), true);
        break;
      case 'float64':
        this.#number(8).setFloat64(8 * row, Number(cell ?? 0), true);
        break;
    }
  }

  #number(width: 4 | 8): DataView {
    this.#used = width * this.#rows;
    this.#values = grown(this.#values, this.#used);
    return new DataView(this.#values.buffer);
  }

  #pushText(row: number, text: string): void {
    // At most three bytes of UTF-8 for one UTF-16 code unit.
    this.#values = grown(this.#values, this.#used + 3 * text.length);
    this.#used += encoder.encodeInto(text, this.#values.subarray(this.#used)).written;
    if (row + 2 > this.#offsets.length) {
      const offsets = new Int32Array(2 * this.#offsets.length);
      offsets.set(this.#offsets);
      this.#offsets = offsets;
    }
    this.#offsets[row + 1] = this.#used;
  }

  finish(): Column {
    const rows = this.#rows;
    return {
      name: this.name,
      type: this.type,
      rows,
      nulls: this.#nulls,
      validity: this.#validity.slice(0, Math.ceil(rows / 8)),
      values: this.#values.slice(0, this.#used),
      ...(this.type === 'utf8' ? { offsets: this.#offsets.slice(0, rows + 1) } : {}),
    };
  }
}

const bit = (bytes: Uint8Array, row: number): boolean =>
  (((bytes[row >> 3] ?? 0) >> (row & 7)) & 1) === 1;

/** The cells as text, null for null; numbers as ECMAScript writes them. */
export function columnText(column: Column): readonly (string | null)[] {
  const { type, validity, values, offsets } = column;
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const read = {
    utf8: (row: number) =>
      decoder.decode(values.subarray(offsets?.[row] ?? 0, offsets?.[row + 1] ?? 0)),
    int32: (row: number) => String(view.getInt32(4 * row, true)),
    float64: (row: number) => String(view.getFloat64(8 * row, true)),
    bool: (row: number) => String(bit(values, row)),
  }[type];
  return Array.from({ length: column.rows }, (_, row) => (bit(validity, row) ? read(row) : null));
}
