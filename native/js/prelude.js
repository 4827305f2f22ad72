/*
 * The library of plain JavaScript logic, part of the engine and of its hash. Its value is the
 * function that calls the author's `run` with the guest input (docs/protocol.md) and gives the
 * answer as JSON.
 */
(() => {
  // Nothing here depends on when or where it runs.
  delete Math.random;
  delete globalThis.SharedArrayBuffer;
  const Time = Date;
  const noClock = () => {
    throw new Error('logic has no clock');
  };
  const Timed = class extends Time {
    constructor(...parts) {
      if (parts.length === 0) noClock();
      super(...parts);
    }
    static now() {
      return noClock();
    }
  };
  Object.defineProperty(Timed, 'name', { value: 'Date' });
  Time.prototype.constructor = Timed;
  globalThis.Date = Timed;

  const MAGIC = 0x49504d4e;
  const CONTINUATION = 0xffffffff;
  const SCHEMA = 1;
  const RECORD_BATCH = 3;
  const INT = 2;
  const FLOATING_POINT = 3;
  const UTF8 = 5;
  const BOOL = 6;

  const fail = (what) => {
    throw new TypeError(what);
  };
  const check = (held) => held || fail('the input is not one');
  const padded = (length) => (length + 7) & ~7;

  /** Text of a part of a buffer; the engine's own function, once there is an input. */
  let textAt = () => fail('no input');
  const textOf = (bytes) => textAt(bytes.buffer, bytes.byteOffset, bytes.length);

  /** A FlatBuffers table, the metadata format of Arrow IPC. */
  const flat = (view, at) => {
    const vtable = at - view.getInt32(at, true);
    const slots = (view.getUint16(vtable, true) - 4) >> 1;
    const field = (slot) => {
      const offset = slot < slots ? view.getUint16(vtable + 4 + 2 * slot, true) : 0;
      return offset === 0 ? 0 : at + offset;
    };
    const target = (slot) => {
      const place = field(slot);
      check(place !== 0);
      return place + view.getUint32(place, true);
    };
    const number = (slot, read, otherwise = 0) => {
      const place = field(slot);
      return place === 0 ? otherwise : view[read](place, true);
    };
    return {
      field,
      u8: (slot) => number(slot, 'getUint8'),
      u16: (slot) => number(slot, 'getUint16'),
      u32: (slot) => number(slot, 'getUint32'),
      u64: (slot) => Number(number(slot, 'getBigUint64', 0n)),
      table: (slot) => flat(view, target(slot)),
      text: (slot) => {
        const place = target(slot);
        return textOf(
          new Uint8Array(view.buffer, view.byteOffset + place + 4, view.getUint32(place, true)),
        );
      },
      count: (slot) => (field(slot) === 0 ? 0 : view.getUint32(target(slot), true)),
      element: (slot, index) => {
        const place = target(slot) + 4 + 4 * index;
        return flat(view, place + view.getUint32(place, true));
      },
      /** Two u64 at `index` of a vector of such pairs. */
      pair: (slot, index) => {
        const place = target(slot) + 4 + 16 * index;
        return [Number(view.getBigUint64(place, true)), Number(view.getBigUint64(place + 8, true))];
      },
    };
  };

  const message = (buffer, at) => {
    const head = new DataView(buffer, at);
    check(head.getUint32(0, true) === CONTINUATION);
    const size = head.getUint32(4, true);
    if (size === 0) return { end: at + 8 };
    const view = new DataView(buffer, at + 8, size);
    const header = flat(view, view.getUint32(0, true));
    const body = at + 8 + size;
    return { kind: header.u8(1), table: header.table(2), body, end: body + header.u64(3) };
  };

  /** One dataset as far as it was granted: columns by name, all with the same rows. */
  class Table {
    #buffer;
    #schema;
    #batch;
    #body;
    /** Number of rows. */
    rows;
    /** Names of the columns. */
    columns;

    constructor(buffer, at) {
      const first = message(buffer, at);
      check(first.kind === SCHEMA);
      const second = message(buffer, first.end);
      check(second.kind === RECORD_BATCH && second.table.field(3) === 0);
      this.#buffer = buffer;
      this.#schema = first.table;
      this.#batch = second.table;
      this.#body = second.body;
      this.rows = second.table.u64(0);
      this.columns = Array.from({ length: first.table.count(1) }, (_, i) =>
        first.table.element(1, i).text(0),
      );
      Object.freeze(this);
    }

    #bytes(index) {
      const [offset, length] = this.#batch.pair(2, index);
      return new Uint8Array(this.#buffer, this.#body + offset, length);
    }

    /** The cells of a column in the order of the rows: text, number, boolean or null. */
    column(name) {
      let at = 0;
      for (let i = 0; i < this.columns.length; i++) {
        const field = this.#schema.element(1, i);
        const type = field.u8(2);
        if (this.columns[i] === name) return this.#cells(at, type, field);
        at += type === UTF8 ? 3 : 2;
      }
      return fail(`the table has no column ${name}`);
    }

    #cells(at, type, field) {
      const { rows } = this;
      const valid = this.#bytes(at);
      const values = this.#bytes(at + 1);
      const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
      const out = new Array(rows).fill(null);
      const there = (row) => valid.length === 0 || ((valid[row >> 3] >> (row & 7)) & 1) === 1;
      if (type === INT) {
        check(field.table(3).u32(0) === 32);
        for (let row = 0; row < rows; row++)
          if (there(row)) out[row] = view.getInt32(4 * row, true);
      } else if (type === FLOATING_POINT) {
        check(field.table(3).u16(0) === 2);
        for (let row = 0; row < rows; row++)
          if (there(row)) out[row] = view.getFloat64(8 * row, true);
      } else if (type === BOOL) {
        for (let row = 0; row < rows; row++) {
          if (there(row)) out[row] = ((values[row >> 3] >> (row & 7)) & 1) === 1;
        }
      } else {
        check(type === UTF8);
        const { byteOffset } = this.#bytes(at + 2);
        for (let row = 0; row < rows; row++) {
          if (!there(row)) continue;
          const from = view.getUint32(4 * row, true);
          out[row] = textAt(
            this.#buffer,
            byteOffset + from,
            view.getUint32(4 * row + 4, true) - from,
          );
        }
      }
      return out;
    }

    /** The rows as objects; for large tables `column` is cheaper. */
    records() {
      const columns = this.columns.map((name) => this.column(name));
      return Array.from({ length: this.rows }, (_, row) =>
        Object.fromEntries(this.columns.map((name, i) => [name, columns[i][row]])),
      );
    }
  }

  const inputOf = (buffer) => {
    const view = new DataView(buffer);
    check(view.getUint32(0, true) === MAGIC && view.getUint32(4, true) === 1);
    const size = view.getUint32(8, true);
    const tables = new Map();
    let at = 16 + padded(size);
    for (let left = view.getUint32(12, true); left > 0; left--) {
      const nameLength = view.getUint32(at, true);
      const length = Number(view.getBigUint64(at + 8, true));
      const name = textOf(new Uint8Array(buffer, at + 16, nameLength));
      const start = at + 16 + padded(nameLength);
      tables.set(name, start);
      at = start + padded(length);
    }
    check(at === buffer.byteLength);
    return Object.freeze({
      arguments: JSON.parse(textOf(new Uint8Array(buffer, 16, size))),
      tables: Object.freeze([...tables.keys()]),
      table: (name) =>
        tables.has(name) ? new Table(buffer, tables.get(name)) : fail(`no table ${name} was given`),
    });
  };

  const stringify = JSON.stringify;
  return (run, buffer, native) => {
    textAt = native;
    const answer = run(inputOf(buffer));
    if (answer instanceof Promise) fail('run answered a promise');
    const text = stringify(answer);
    return typeof text === 'string' ? text : fail('run answered nothing that is JSON');
  };
})();
