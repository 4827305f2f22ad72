/** The sections of a module as the own decoder reads them, and where it stops. */
import { describe, expect, it } from 'vitest';
import { decodeModule, isProposalType } from '../../../enclave/guardian/decode-module.ts';
import { emptyModule, type ModuleInfo } from '../../../enclave/guardian/module-info.ts';
import { Stop } from '../../../enclave/guardian/reader.ts';
import {
  body,
  EXTERNREF,
  F64,
  FUNCREF,
  I32,
  I64,
  i32,
  leb,
  name,
  PREAMBLE,
  section,
  vec,
} from './build.ts';

type Bytes = readonly number[];

const HEADER = PREAMBLE.length;
const END = 0x0b;

/** What was read, or why and at which byte after the preamble it stopped. */
function decode(...sections: readonly Bytes[]): ModuleInfo | string {
  const bytes = Uint8Array.from([...PREAMBLE, ...sections.flat()]);
  const info = emptyModule();
  try {
    decodeModule(bytes, info, 0, bytes.length, 0);
    return info;
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return `${error.kind} ${error.offset - HEADER}`;
  }
}
/** @throws if it stops */
function decoded(...sections: readonly Bytes[]): ModuleInfo {
  const info = decode(...sections);
  if (typeof info === 'string') throw new Error(info);
  return info;
}
const one = (id: number, ...item: Bytes) => section(id, vec([item]));
const TYPE = one(1, 0x60, 0, 0);
const FUNC = one(3, 0);
const CODE = section(10, vec([body({ type: 0, code: [] })]));
const EMPTY: Readonly<Record<number, Bytes>> = {
  ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 9, 10, 11].map((id) => [id, [id, 1, 0]])),
  8: [8, 1, 0],
  12: [12, 1, 0],
};

describe('a module', () => {
  it('is all that its sections say', () => {
    const info = decoded(
      section(0, [...name('first'), 1, 2]),
      section(
        1,
        vec([
          [0x60, 2, I32, I64, 1, F64],
          [0x60, 0, 0],
          [0x60, 0, 0],
        ]),
      ),
      section(
        2,
        vec([
          [...name('m'), ...name('f'), 0, 1],
          [...name('m'), ...name('t'), 1, FUNCREF, 1, 2, 3],
          [...name('m'), ...name('mem'), 2, 0, 4],
          [...name('m'), ...name('g'), 3, I64, 1],
        ]),
      ),
      section(3, vec([[0], [2]])),
      section(4, vec([[EXTERNREF, 0, 5]])),
      section(5, vec([[1, 6, 7]])),
      section(6, vec([[I32, 0, ...i32(1), END]])),
      section(
        7,
        vec([
          [...name('out'), 0, 1],
          [...name('tab'), 1, 0],
          [...name('mem'), 2, 1],
          [...name('g'), 3, 1],
        ]),
      ),
      [8, 1, 1],
      section(
        9,
        vec([
          [0, ...i32(3), END, 2, 1, 2],
          [1, 0, 1, 0],
        ]),
      ),
      [12, 1, 2],
      section(10, vec([body({ type: 0, code: [0x01] }), body({ type: 2, code: [] })])),
      section(
        11,
        vec([
          [0, ...i32(9), END, 3, 1, 2, 3],
          [1, 1, 7],
        ]),
      ),
      section(0, name('last')),
    );
    expect(info.types).toEqual([
      { params: 2, results: 1, signature: 'iI:F', group: 0 },
      { params: 0, results: 0, signature: ':', group: 1 },
      { params: 0, results: 0, signature: ':', group: 1 },
    ]);
    expect([...info.typeGroups]).toEqual([
      ['iI:F', 0],
      [':', 1],
    ]);
    expect(info.imports).toEqual([
      { module: 'm', name: 'f', kind: 'func', type: 1 },
      { module: 'm', name: 't', kind: 'table', type: -1 },
      { module: 'm', name: 'mem', kind: 'memory', type: -1 },
      { module: 'm', name: 'g', kind: 'global', type: -1 },
    ]);
    expect([info.importedFunctions, info.importedTables]).toEqual([1, 1]);
    expect(info.functions).toEqual([1, 0, 2]);
    expect(info.tables).toEqual([
      { min: 2, max: 3 },
      { min: 5, max: undefined },
    ]);
    expect(info.memories).toEqual([
      { min: 4, max: undefined },
      { min: 6, max: 7 },
    ]);
    expect(info.globals).toBe(2);
    expect([...info.exports]).toEqual([
      ['out', { kind: 'func', index: 1 }],
      ['tab', { kind: 'table', index: 0 }],
      ['mem', { kind: 'memory', index: 1 }],
      ['g', { kind: 'global', index: 1 }],
    ]);
    expect(info.start).toBe(1);
    expect(info.elements).toEqual([{ target: 0, offset: 3, length: 2 }]);
    expect([info.elementSegments, info.elementItems]).toEqual([2, 3]);
    expect([...info.addressTaken]).toEqual([1, 2, 0]);
    expect(info.dataCount).toBe(2);
    expect(info.data).toEqual([{ target: 0, offset: 9, length: 3 }]);
    expect(info.dataRanges.map(({ start, end }) => end - start)).toEqual([3, 1]);
    expect(info.customs.map(({ name: of, start, end, size }) => [of, end - start, size])).toEqual([
      ['first', 2, 8],
      ['last', 0, 5],
    ]);
    expect(info.bodies).toHaveLength(4);
    expect((info.bodies[1] as number) - (info.bodies[0] as number)).toBe(3);
    expect(info.feature).toBe(false);
    const records = Array.from({ length: info.sections.length / 5 }, (_, at) =>
      info.sections.slice(5 * at, 5 * at + 5),
    );
    expect(records.map(([depth, id, , , count]) => [depth, id, count])).toEqual([
      [0, 0, 0],
      [0, 1, 3],
      [0, 2, 4],
      [0, 3, 2],
      [0, 4, 1],
      [0, 5, 1],
      [0, 6, 1],
      [0, 7, 4],
      [0, 8, 1],
      [0, 9, 2],
      [0, 12, 2],
      [0, 10, 2],
      [0, 11, 2],
      [0, 0, 0],
    ]);
    // Each section's content starts after its id and a size of one byte.
    let at = HEADER;
    for (const [, , start = 0, end = 0] of records) {
      expect(start).toBe(at + 2);
      at = end;
    }
  });

  it('may lie within other bytes', () => {
    const inner = [...PREAMBLE, ...TYPE];
    const bytes = Uint8Array.from([9, ...inner, 9]);
    const info = emptyModule();
    decodeModule(bytes, info, 1, 1 + inner.length, 3);
    expect(info.sections).toEqual([3, 1, 1 + HEADER + 2, 1 + inner.length, 1]);
    expect(() => decodeModule(bytes, emptyModule(), 1, bytes.length, 3)).toThrow();
  });

  it('starts with its preamble', () => {
    for (let at = 0; at < HEADER; at++) {
      const bytes = Uint8Array.from(PREAMBLE);
      bytes[at] = (bytes[at] as number) + 1;
      const run = () => decodeModule(bytes, emptyModule(), 0, HEADER, 0);
      expect(run).toThrow(expect.objectContaining({ kind: 'MALFORMED', offset: at + 1 }));
      const cut = () => decodeModule(bytes.subarray(0, at), emptyModule(), 0, at, 0);
      expect(cut).toThrow(expect.objectContaining({ kind: 'MALFORMED', offset: at }));
    }
  });
});

describe('sections', () => {
  const ORDER = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11];
  const both = (first: number, second: number) =>
    decode(EMPTY[first] as Bytes, EMPTY[second] as Bytes);

  it('come in one order, each once', () => {
    for (const [at, first] of ORDER.entries()) {
      for (const [place, second] of ORDER.entries()) {
        const expected = place > at ? 'object' : 'string';
        expect([first, second, typeof both(first, second)]).toEqual([first, second, expected]);
        if (place <= at) expect(both(first, second)).toBe('MALFORMED 5');
      }
    }
  });

  it('of tags stand between memories and globals, and are of a feature', () => {
    const tags = [13, 1, 0];
    for (const id of ORDER) {
      const early = id <= 5;
      expect([id, decode(EMPTY[id] as Bytes, tags)]).toEqual([
        id,
        early ? 'FEATURE 5' : 'MALFORMED 5',
      ]);
    }
  });

  it('have an id below 14, and are whole', () => {
    expect(decode([14, 0])).toBe('MALFORMED 1');
    expect(decode([1])).toBe('MALFORMED 1');
    expect(decode([1, 1])).toBe('MALFORMED 2');
    expect(decode([1, 2, 0])).toBe('MALFORMED 2');
    expect(decode([1, 2, 0, 0])).toBe('MALFORMED 3');
    expect(decode([8, 2, 0, 0])).toBe('MALFORMED 3');
    expect(decode([12, 2, 0, 0])).toBe('MALFORMED 3');
    expect(decode([0, 1, 1])).toBe('MALFORMED 3');
    expect(decode([0, 0])).toBe('MALFORMED 2');
  });

  /** Least bytes of an item: a count may not promise more items than fit. */
  it.each([
    [1, 1],
    [2, 4],
    [3, 1],
    [4, 3],
    [5, 2],
    [6, 3],
    [7, 3],
    [9, 3],
    [11, 2],
  ])('of id %s hold items of %s bytes or more', (id, least) => {
    // A byte that the first item of each may begin with, or that stops behind the count.
    const byte = { 4: FUNCREF, 6: I32 }[id] ?? 0xee;
    const filled = (length: number) =>
      decode([id, length + 1, 9, ...new Array<number>(length).fill(byte)]);
    expect(filled(9 * least - 1)).toBe('MALFORMED 3');
    expect(filled(9 * least)).not.toBe('MALFORMED 3');
  });

  it('agree on the number of functions and of data', () => {
    expect(decode(TYPE, FUNC)).toBe('MALFORMED 10');
    expect(decode(TYPE, FUNC, CODE)).toBeTypeOf('object');
    expect(decode(TYPE, CODE)).toBe('MALFORMED 9');
    expect(decode(TYPE, section(3, vec([[0], [0]])), CODE)).toBe('MALFORMED 14');
    const imported = one(2, ...name(''), ...name(''), 0, 0);
    expect(decode(TYPE, imported)).toBeTypeOf('object');
    expect(decode(TYPE, imported, FUNC, CODE)).toBeTypeOf('object');
    const data = one(11, 1, 0);
    expect(decode([12, 1, 1], data)).toBeTypeOf('object');
    expect(decode(data)).toBeTypeOf('object');
    expect(decode([12, 1, 2], data)).toBe('MALFORMED 6');
    expect(decode([12, 1, 0], data)).toBe('MALFORMED 6');
    expect(decode([12, 1, 1])).toBe('MALFORMED 3');
    expect(decode([12, 1, 0])).toBeTypeOf('object');
  });

  it('of code hold bodies within their bounds', () => {
    const code = (...content: Bytes) => decode(TYPE, FUNC, section(10, content));
    expect(code(1, 2, 0, END)).toBeTypeOf('object');
    expect(code(1, 3, 0, END)).toBe('MALFORMED 14');
    expect(code(1, 1, 0, END)).toBe('MALFORMED 15');
  });
});

describe('types', () => {
  it('of values have a letter each', () => {
    const all = [0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f];
    const info = decoded(one(1, 0x60, 7, ...all, 7, ...all));
    expect(info.types[0]).toMatchObject({ params: 7, results: 7, signature: 'iIfFvre:iIfFvre' });
    expect(info.feature).toBe(true);
    const plain = decoded(one(1, 0x60, 1, 0x7f, 1, 0x70));
    expect(plain.feature).toBe(false);
  });

  it('of proposals are those of the ranges that wasmparser knows', () => {
    const known = Array.from({ length: 256 }, (_, byte) => byte).filter(isProposalType);
    const range = (from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, at) => from + at);
    expect(known).toEqual([...range(0x4d, 0x5f), ...range(0x60, 0x78)]);
    for (const byte of [0x4c, 0x79, 0x7a, 0x80]) {
      expect(decode(one(1, 0x60, 1, byte, 0))).toBe('MALFORMED 5');
      expect(decode(one(1, 0x60, 0, 1, byte))).toBe('MALFORMED 6');
      expect(decode(one(4, byte, 0, 0))).toBe('MALFORMED 3');
    }
    for (const byte of [0x4d, 0x5f, 0x60, 0x6e, 0x78]) {
      expect(decode(one(1, 0x60, 1, byte, 0))).toBe('FEATURE 5');
      expect(decode(one(4, byte, 0, 0))).toBe('FEATURE 3');
    }
    expect(decode(one(4, 0x7f, 0, 0))).toBe('MALFORMED 3');
  });

  it('of functions have one form', () => {
    for (const form of [0x4d, 0x50, 0x5f]) expect(decode(one(1, form, 0, 0))).toBe('FEATURE 4');
    for (const form of [0x00, 0x4c, 0x61, 0x7f])
      expect(decode(one(1, form, 0, 0))).toBe('MALFORMED 4');
    expect(decode(one(1, 0x60, 9, I32, 0))).toBe('MALFORMED 5');
    expect(decode(one(1, 0x60, 0, 9))).toBe('MALFORMED 6');
  });

  it('of globals are mutable or not', () => {
    const init = [...i32(0), END];
    expect(decode(one(6, I32, 0, ...init), [])).toMatchObject({ globals: 1 });
    expect(decode(one(6, I32, 1, ...init), [])).toMatchObject({ globals: 1 });
    expect(decode(one(6, I32, 2, ...init))).toBe('FEATURE 5');
    expect(decode(one(6, I32, 3, ...init))).toBe('FEATURE 5');
    expect(decode(one(6, I32, 4, ...init))).toBe('MALFORMED 5');
  });

  it('of tables with an initial value are of a feature', () => {
    expect(decode(one(4, 0x40, 0, FUNCREF, 0, 1))).toBe('FEATURE 3');
  });
});

describe('limits', () => {
  const memory = (...bytes: Bytes) => {
    const info = decode(one(5, ...bytes));
    return typeof info === 'string' ? info : [info.memories[0], info.feature];
  };
  const most = { min: Number.MAX_SAFE_INTEGER, max: undefined };

  it('are a minimum and perhaps a maximum', () => {
    expect(memory(0, 3)).toEqual([{ min: 3, max: undefined }, false]);
    expect(memory(1, 3, 4)).toEqual([{ min: 3, max: 4 }, false]);
    expect(memory(0, ...leb(0xffff_ffff))).toEqual([{ min: 0xffff_ffff, max: undefined }, false]);
    expect(memory(1, 3)).toBe('MALFORMED 5');
    expect(memory(0, 3, 4)).toBe('MALFORMED 5');
    expect(memory(0, ...leb(2 ** 32))).toBe('MALFORMED 9');
  });

  it('of proposals are read and marked', () => {
    expect(memory(2, 3)).toEqual([{ min: 3, max: undefined }, true]);
    expect(memory(3, 3, 4)).toEqual([{ min: 3, max: 4 }, true]);
    expect(memory(4, ...leb(2 ** 33))).toEqual([{ min: 2 ** 33, max: undefined }, true]);
    expect(memory(5, 1, ...leb(2 ** 33))).toEqual([{ min: 1, max: 2 ** 33 }, true]);
    expect(memory(8, 3, 0)).toEqual([{ min: 3, max: undefined }, true]);
    expect(memory(15, 3, 4, 0)).toEqual([{ min: 3, max: 4 }, true]);
    expect(memory(8, 3)).toBe('MALFORMED 5');
    expect(memory(16, 3)).toBe('MALFORMED 4');
    expect(memory(4, ...new Array<number>(9).fill(0xff), 1)).toEqual([most, true]);
  });
});

describe('a constant expression', () => {
  /** The offset of a data segment. */
  const offset = (...code: Bytes) => {
    const info = decode(one(11, 0, ...code, END, 0));
    return typeof info === 'string' ? info : info.data[0]?.offset;
  };

  it('has a known value if it is one i32.const', () => {
    expect(offset(...i32(0))).toBe(0);
    expect(offset(...i32(70_000))).toBe(70_000);
    expect(offset(...i32(-1))).toBe(0xffff_ffff);
    expect(offset()).toBeUndefined();
    expect(offset(...i32(1), ...i32(2))).toBeUndefined();
    expect(offset(0x42, 5)).toBeUndefined();
    expect(offset(0x43, 0, 0, 0, 0)).toBeUndefined();
    expect(offset(0x44, 0, 0, 0, 0, 0, 0, 0, 0)).toBeUndefined();
    expect(offset(0x23, 0)).toBeUndefined();
    expect(offset(0xd0, FUNCREF)).toBeUndefined();
    expect(offset(0xd2, 0)).toBeUndefined();
  });

  it('of a proposal is marked or stops', () => {
    for (const opcode of [0x6a, 0x6b, 0x6c, 0x7c, 0x7d, 0x7e]) {
      const info = decoded(one(11, 0, ...i32(1), ...i32(2), opcode, END, 0));
      expect([info.feature, info.data[0]?.offset]).toEqual([true, undefined]);
    }
    for (const opcode of [0xfb, 0xfd]) expect(offset(opcode, 0)).toBe('FEATURE 5');
    for (const opcode of [0x20, 0x69, 0x6d, 0x7b, 0x7f, 0xd1, 0xfc]) {
      expect(offset(opcode, 0)).toBe('INVALID 5');
    }
    expect(offset(0xd0, 0x7f)).toBe('MALFORMED 5');
    expect(offset(0xd0, 0x6e)).toBe('FEATURE 5');
  });

  it('ends within its section', () => {
    expect(decode([11, 3, 1, 0, 0x41])).toBe('MALFORMED 5');
    expect(decode([11, 6, 1, 0, 0x43, 0, 0, 0])).toBe('MALFORMED 5');
    expect(decode([11, 10, 1, 0, 0x44, 0, 0, 0, 0, 0, 0, 0])).toBe('MALFORMED 5');
    expect(decode([11, 3, 1, 0, 0x01])).toBe('INVALID 5');
  });

  it('takes the addresses that it names, wherever it stands', () => {
    const taken = (...sections: readonly Bytes[]) => [...decoded(...sections).addressTaken];
    expect(taken(one(6, FUNCREF, 0, 0xd2, 4, END))).toEqual([4]);
    expect(taken(one(11, 0, 0xd2, 5, END, 0))).toEqual([5]);
    expect(taken(one(9, 0, 0xd2, 6, END, 0))).toEqual([6]);
  });
});

describe('elements', () => {
  const read = (...item: Bytes) => {
    const info = decode(one(9, ...item));
    if (typeof info === 'string') return info;
    const [active] = info.elements;
    return [
      active?.target,
      active?.offset,
      active?.length,
      info.elementItems,
      [...info.addressTaken],
    ];
  };
  const at = [...i32(2), END];
  const ref = [0xd2, 8, END];
  const none = [undefined, undefined, undefined] as const;

  it('are active, passive or declared, by index or by expression', () => {
    expect(read(0, ...at, 2, 7, 9)).toEqual([0, 2, 2, 2, [7, 9]]);
    expect(read(1, 0, 1, 7)).toEqual([...none, 1, [7]]);
    expect(read(2, 3, ...at, 0, 1, 7)).toEqual([3, 2, 1, 1, [7]]);
    expect(read(3, 0, 1, 7)).toEqual([...none, 1, []]);
    expect(read(4, ...at, 1, ...ref)).toEqual([0, 2, 1, 1, [8]]);
    expect(read(5, FUNCREF, 1, ...ref)).toEqual([...none, 1, [8]]);
    expect(read(6, 3, ...at, FUNCREF, 1, ...ref)).toEqual([3, 2, 1, 1, [8]]);
    expect(read(7, EXTERNREF, 1, ...ref)).toEqual([...none, 1, []]);
  });

  it('are of no other kind', () => {
    expect(read(8, 0, 0)).toBe('MALFORMED 4');
    expect(read(1, 1, 0)).toBe('MALFORMED 5');
    expect(read(3, 1, 0)).toBe('MALFORMED 5');
    expect(read(2, 0, ...at, 1, 0)).toBe('MALFORMED 9');
    expect(read(5, 0x7f, 0)).toBe('MALFORMED 4');
    expect(read(1, 0, 9)).toBe('MALFORMED 6');
  });
});

describe('data', () => {
  const read = (...item: Bytes) => {
    const info = decode(one(11, ...item));
    if (typeof info === 'string') return info;
    const [active] = info.data;
    const [range] = info.dataRanges;
    return [active?.target, active?.offset, active?.length, range && range.end - range.start];
  };

  it('are active in memory 0 or another, or passive', () => {
    expect(read(0, ...i32(4), END, 2, 1, 1)).toEqual([0, 4, 2, 2]);
    expect(read(1, 2, 1, 1)).toEqual([undefined, undefined, undefined, 2]);
    expect(read(2, 3, ...i32(4), END, 1, 1)).toEqual([3, 4, 1, 1]);
    expect(read(3, 0)).toBe('MALFORMED 4');
    expect(read(1, 2, 1)).toBe('MALFORMED 5');
  });
});

describe('imports and exports', () => {
  it('are of the four kinds', () => {
    const imported = (...kind: Bytes) => decode(one(2, ...name(''), ...name(''), ...kind));
    expect(imported(0, 0)).toBeTypeOf('object');
    for (const kind of [4, 0x7e, 0x7f, 0xff]) expect(imported(kind, 0, 0)).toBe('FEATURE 6');
    for (const kind of [5, 0x40, 0x7d]) expect(imported(kind, 0, 0)).toBe('MALFORMED 6');
    const exported = (kind: number) => decode(one(7, ...name(''), kind, 0));
    for (const kind of [0, 1, 2, 3]) expect(exported(kind)).toBeTypeOf('object');
    expect(exported(4)).toBe('FEATURE 5');
    expect(exported(5)).toBe('MALFORMED 5');
  });
});
