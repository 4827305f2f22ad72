/**
 * Columns of an Arrow IPC stream as docs/protocol.md narrows it: one schema, one record batch,
 * Utf8, Int32, Float64 and Bool, no dictionaries, no compression. Anything else is a trap.
 */
import { FlatTable } from './flatbuffer';
import { check, Span } from './span';

const CONTINUATION: u32 = 0xffffffff;
/** MessageHeader of Message.fbs. */
const SCHEMA: u32 = 1;
const RECORD_BATCH: u32 = 3;
/** Type of Schema.fbs. */
const INT: u32 = 2;
const FLOATING_POINT: u32 = 3;
const UTF8: u32 = 5;
const BOOL: u32 = 6;
const DOUBLE: u32 = 2;

/** What all columns share: which rows have a value. */
export class Column {
  constructor(
    readonly rows: i32,
    protected validity: Span,
    protected values: Span,
  ) {}

  /** False if the cell is null. */
  has(row: i32): bool {
    check(<u32>row < <u32>this.rows);
    if (this.validity.length == 0) return true;
    return ((this.validity.u8(row >> 3) >> (row & 7)) & 1) == 1;
  }
}

/** Text cells; the value of a null is the empty text. */
export class Texts extends Column {
  private wanted: string = '';
  private encoded: ArrayBuffer = new ArrayBuffer(0);

  constructor(rows: i32, validity: Span, values: Span, private offsets: Span) {
    super(rows, validity, values);
  }

  @operator('[]')
  get(row: i32): string {
    check(<u32>row < <u32>this.rows);
    const from = this.offsets.u32(4 * row);
    const to = this.offsets.u32(4 * row + 4);
    check(from <= to);
    return this.values.text(from, to - from);
  }

  /** True if the cell is this text; makes no copy, unlike `texts[row] == text`. */
  is(row: i32, text: string): bool {
    check(<u32>row < <u32>this.rows);
    if (!this.has(row)) return false;
    const from = this.offsets.u32(4 * row);
    const to = this.offsets.u32(4 * row + 4);
    check(from <= to);
    const wanted = String.UTF8.byteLength(text);
    if (<u32>wanted != to - from) return false;
    if (text != this.wanted) {
      this.wanted = text;
      this.encoded = String.UTF8.encode(text);
    }
    const cell = this.values.address(from, to - from);
    return memory.compare(cell, changetype<usize>(this.encoded), wanted) == 0;
  }
}

/** Whole numbers of 32 bits; the value of a null is 0. */
export class Integers extends Column {
  @operator('[]')
  get(row: i32): i32 {
    check(<u32>row < <u32>this.rows);
    return load<i32>(this.values.address(4 * row, 4));
  }
}

/** Floating-point numbers; the value of a null is 0. */
export class Numbers extends Column {
  @operator('[]')
  get(row: i32): f64 {
    check(<u32>row < <u32>this.rows);
    return load<f64>(this.values.address(8 * row, 8));
  }
}

/** True or false; the value of a null is false. */
export class Flags extends Column {
  @operator('[]')
  get(row: i32): bool {
    check(<u32>row < <u32>this.rows);
    return ((this.values.u8(row >> 3) >> (row & 7)) & 1) == 1;
  }
}

/** The metadata of the next message and where its body begins. */
class Message {
  readonly header: FlatTable;
  readonly kind: u32;
  readonly body: Span;
  readonly end: u32;

  constructor(stream: Span, at: u32) {
    check(stream.u32(at) == CONTINUATION);
    const size = stream.u32(at + 4);
    const message = FlatTable.root(stream.cut(at + 8, size));
    this.kind = message.u8(1);
    this.header = message.table(2);
    const length = message.field(3) == 0 ? 0 : load<u64>(message.span.address(message.field(3), 8));
    check(length <= <u64>stream.length);
    this.body = stream.cut(at + 8 + size, <u32>length);
    this.end = at + 8 + size + <u32>length;
  }
}

/** One dataset as far as it was granted: columns by name, all with the same rows. */
export class Table {
  readonly rows: i32;
  private schema: FlatTable;
  private batch: FlatTable;
  private body: Span;

  constructor(stream: Span) {
    const first = new Message(stream, 0);
    check(first.kind == SCHEMA && first.body.length == 0);
    this.schema = first.header;
    const second = new Message(stream, first.end);
    check(second.kind == RECORD_BATCH);
    this.batch = second.header;
    this.body = second.body;
    // Field 3 is the compression of the buffers.
    check(this.batch.field(3) == 0);
    const at = this.batch.field(0);
    const rows = at == 0 ? 0 : load<u64>(this.batch.span.address(at, 8));
    check(rows <= <u64>i32.MAX_VALUE);
    this.rows = <i32>rows;
    check(stream.u32(second.end) == CONTINUATION && stream.u32(second.end + 4) == 0);
  }

  texts(name: string): Texts {
    const at = this.find(name, UTF8);
    const offsets = this.buffer(at + 1);
    check(offsets.length / 4 > <u32>this.rows);
    return new Texts(this.rows, this.buffer(at), this.buffer(at + 2), offsets);
  }

  integers(name: string): Integers {
    const at = this.find(name, INT);
    return new Integers(this.rows, this.buffer(at), this.buffer(at + 1));
  }

  numbers(name: string): Numbers {
    const at = this.find(name, FLOATING_POINT);
    return new Numbers(this.rows, this.buffer(at), this.buffer(at + 1));
  }

  flags(name: string): Flags {
    const at = this.find(name, BOOL);
    return new Flags(this.rows, this.buffer(at), this.buffer(at + 1));
  }

  /** The `key` cells of the rows whose `column` is `text`. */
  keysWhere(column: string, text: string, key: string): Set<string> {
    const keys = new Set<string>();
    const cells = this.texts(column);
    const from = this.texts(key);
    for (let i = 0; i < this.rows; i++) if (cells.is(i, text) && from.has(i)) keys.add(from[i]);
    return keys;
  }

  /** The `column` numbers by `key`; of several rows with one key the last counts. */
  numbersBy(key: string, column: string): Map<string, f64> {
    const found = new Map<string, f64>();
    const keys = this.texts(key);
    const cells = this.numbers(column);
    for (let i = 0; i < this.rows; i++) {
      if (keys.has(i) && cells.has(i)) found.set(keys[i], cells[i]);
    }
    return found;
  }

  /** Index of the first buffer of the column `name`; a trap if there is none of that type. */
  private find(name: string, type: u32): u32 {
    let buffer: u32 = 0;
    const fields = this.schema.count(1);
    for (let i: u32 = 0; i < fields; i++) {
      const field = this.schema.element(1, i);
      const found = field.u8(2);
      // Field 4 is the dictionary encoding.
      check(field.field(4) == 0);
      if (field.text(0) == name) {
        check(found == type);
        if (type == INT) check(field.table(3).u32(0) == 32 && field.table(3).u8(1) == 1);
        if (type == FLOATING_POINT) check(field.table(3).u16(0) == DOUBLE);
        const node = this.batch.pair(1, i);
        check(load<u64>(this.batch.span.address(node, 8)) == <u64>this.rows);
        return buffer;
      }
      buffer += found == UTF8 ? 3 : 2;
    }
    return unreachable();
  }

  private buffer(index: u32): Span {
    const at = this.batch.pair(2, index);
    const offset = load<u64>(this.batch.span.address(at, 8));
    const length = load<u64>(this.batch.span.address(at + 8, 8));
    check(offset <= <u64>this.body.length && length <= <u64>this.body.length);
    return this.body.cut(<u32>offset, <u32>length);
  }
}
