/** Tables of the instructions that need no case of their own in the walk over the code. */

/** How an opcode of one byte is read. */
export const SHAPE = {
  /** Not an instruction. */
  none: 0,
  /** No immediate; see {@link STACK_EFFECT}. */
  plain: 1,
  /** A load or store: alignment and offset. */
  memory: 2,
  /** Has its own case. */
  own: 3,
  /** Of a proposal that is switched off. */
  feature: 4,
} as const;

export const OPCODE_SHAPE = new Uint8Array(256);
/** Change of the operand stack's height by a plain or memory instruction. */
export const STACK_EFFECT = new Int8Array(256);
/** 1: may produce a NaN whose bits the specification leaves open. */
export const MAKES_NAN = new Uint8Array(256);
/** 1: rotate, shift or xor, the bread of hash functions. */
export const MIXES_BITS = new Uint8Array(256);

function fill(
  table: Uint8Array | Int8Array,
  ranges: readonly (readonly [number, number])[],
  value: number,
): void {
  for (const [from, to] of ranges) table.fill(value, from, to + 1);
}

fill(OPCODE_SHAPE, [[0x45, 0xc4]], SHAPE.plain);
fill(OPCODE_SHAPE, [[0x28, 0x3e]], SHAPE.memory);
fill(
  OPCODE_SHAPE,
  [
    [0x00, 0x05],
    [0x0b, 0x11],
    [0x1a, 0x1c],
    [0x20, 0x26],
    [0x3f, 0x44],
    [0xd0, 0xd2],
    [0xfc, 0xfc],
  ],
  SHAPE.own,
);
// Exceptions, tail calls, typed references, stack switching, GC, SIMD, threads.
fill(
  OPCODE_SHAPE,
  [
    [0x06, 0x0a],
    [0x12, 0x15],
    [0x18, 0x19],
    [0x1f, 0x1f],
    [0xd3, 0xd6],
    [0xe0, 0xe6],
    [0xfb, 0xfb],
    [0xfd, 0xfe],
  ],
  SHAPE.feature,
);

// Two operands, one result.
fill(
  STACK_EFFECT,
  [
    [0x46, 0x4f],
    [0x51, 0x66],
    [0x6a, 0x78],
    [0x7c, 0x8a],
    [0x92, 0x98],
    [0xa0, 0xa6],
  ],
  -1,
);
// Stores.
fill(STACK_EFFECT, [[0x36, 0x3e]], -2);

fill(
  MAKES_NAN,
  [
    [0x8d, 0x97],
    [0x9b, 0xa5],
    [0xb6, 0xb6],
    [0xbb, 0xbb],
  ],
  1,
);
fill(
  MIXES_BITS,
  [
    [0x73, 0x78],
    [0x85, 0x8a],
  ],
  1,
);
