/** The guest input: arguments and tables. docs/protocol.md, Guest input. */
import { Table } from './arrow';
import { JsonReader, Value } from './json-read';
import { check, Span } from './span';

/** `NMPI`, little-endian. */
const MAGIC: u32 = 0x49504d4e;

function padded(length: u32): u32 {
  return (length + 7) & ~7;
}

export class Input {
  /** The arguments of the call, checked against the capability's input schema by the node. */
  readonly arguments: Value;
  private names: string[] = [];
  private streams: Span[] = [];

  constructor(pointer: usize, length: u32) {
    const input = new Span(pointer, length);
    check(input.u32(0) == MAGIC && input.u32(4) == 1);
    const size = input.u32(8);
    const tables = input.u32(12);
    check(size <= length);
    this.arguments = JsonReader.parse(input.text(16, size));
    let at = 16 + padded(size);
    for (let i: u32 = 0; i < tables; i++) {
      const nameLength = input.u32(at);
      const streamLength = input.length64(at + 8);
      check(nameLength <= length);
      this.names.push(input.text(at + 16, nameLength));
      at += 16 + padded(nameLength);
      this.streams.push(input.cut(at, streamLength));
      at += padded(streamLength);
    }
    check(at == length);
  }

  /** The granted part of a dataset; a trap if the request did not name it. */
  table(name: string): Table {
    const index = this.names.indexOf(name);
    check(index >= 0);
    return new Table(this.streams[index]);
  }
}
