/** Reads FlatBuffers tables, the metadata format of Arrow IPC; every offset is checked. */
import { check, Span } from './span';

export class FlatTable {
  private vtable: u32;
  private slots: u32;

  constructor(
    readonly span: Span,
    readonly at: u32,
  ) {
    // The distance to the vtable is signed, and points backwards if positive.
    const vtable = <i64>at - <i64>(<i32>span.u32(at));
    check(vtable >= 0 && vtable < <i64>span.length);
    this.vtable = <u32>vtable;
    const size = span.u16(this.vtable);
    check(size >= 4 && (size & 1) == 0);
    this.slots = (size - 4) >> 1;
  }

  static root(span: Span): FlatTable {
    return new FlatTable(span, span.u32(0));
  }

  /** Position of a field, 0 if it is absent. */
  field(slot: u32): u32 {
    if (slot >= this.slots) return 0;
    const offset = this.span.u16(this.vtable + 4 + 2 * slot);
    return offset == 0 ? 0 : this.at + offset;
  }

  u8(slot: u32): u32 {
    const at = this.field(slot);
    return at == 0 ? 0 : this.span.u8(at);
  }

  u16(slot: u32): u32 {
    const at = this.field(slot);
    return at == 0 ? 0 : this.span.u16(at);
  }

  u32(slot: u32): u32 {
    const at = this.field(slot);
    return at == 0 ? 0 : this.span.u32(at);
  }

  length64(slot: u32): u32 {
    const at = this.field(slot);
    return at == 0 ? 0 : this.span.length64(at);
  }

  /** Position of what a field refers to; the field must be there. */
  target(slot: u32): u32 {
    const at = this.field(slot);
    check(at != 0);
    const offset = this.span.u32(at);
    check(offset <= this.span.length - at);
    return at + offset;
  }

  table(slot: u32): FlatTable {
    return new FlatTable(this.span, this.target(slot));
  }

  text(slot: u32): string {
    const at = this.target(slot);
    return this.span.text(at + 4, this.span.u32(at));
  }

  /** Length of the vector in a field, 0 if it is absent. */
  count(slot: u32): u32 {
    return this.field(slot) == 0 ? 0 : this.span.u32(this.target(slot));
  }

  /** The table at `index` of a vector of tables. */
  element(slot: u32, index: u32): FlatTable {
    check(index < this.count(slot));
    const at = this.target(slot) + 4 + 4 * index;
    const offset = this.span.u32(at);
    check(offset <= this.span.length - at);
    return new FlatTable(this.span, at + offset);
  }

  /** Position of the 16-byte structure at `index` of a vector of structures. */
  pair(slot: u32, index: u32): u32 {
    check(index < this.count(slot));
    const at = this.target(slot) + 4 + 16 * index;
    this.span.address(at, 16);
    return at;
  }
}
