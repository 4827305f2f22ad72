/** The tables of instructions against the specification's lists, and against the authority. */
import { describe, expect, it } from 'vitest';
import {
  MAKES_NAN,
  MIXES_BITS,
  OPCODE_SHAPE,
  SHAPE,
  STACK_EFFECT,
} from '../../../enclave/guardian/opcodes.ts';
import { authority } from './authority.ts';
import { build, DROP, i32 } from './build.ts';

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);
const OPCODES = range(0, 255);
const marked = (table: Uint8Array, value: number) => OPCODES.filter((at) => table[at] === value);

const CONSTANTS = [i32(0), [0x42, 0], [0x43, 0, 0, 0, 0], [0x44, 0, 0, 0, 0, 0, 0, 0, 0]] as const;
const OPERANDS = [
  ...CONSTANTS.map((one) => [one]),
  ...CONSTANTS.flatMap((one) => CONSTANTS.map((two) => [one, two])),
];

/** Results less operands of an instruction with these immediates, if the authority knows it. */
function effectOf(...instruction: readonly number[]): number | undefined {
  for (const operands of OPERANDS) {
    for (const results of [0, 1]) {
      const drops = Array.from({ length: results }, () => DROP).flat();
      const wasm = build({
        types: [[[], []]],
        funcs: [{ type: 0, code: [...operands.flat(), ...instruction, ...drops] }],
        memories: [[0, 1]],
      });
      // One operand more is dropped than is there only if the instruction leaves one.
      if (authority.check(wasm).valid) return results - operands.length;
    }
  }
  return undefined;
}

describe('an opcode', () => {
  it('has the shape and the effect that the authority sees', () => {
    for (const opcode of range(0x28, 0xc4)) {
      const [plain, memory] = [effectOf(opcode), effectOf(opcode, 0, 0)];
      const shape = OPCODE_SHAPE[opcode];
      if (shape === SHAPE.own) continue;
      const seen =
        plain !== undefined ? SHAPE.plain : memory !== undefined ? SHAPE.memory : SHAPE.none;
      expect([opcode, shape]).toEqual([opcode, seen]);
      expect([opcode, STACK_EFFECT[opcode]]).toEqual([opcode, plain ?? memory]);
    }
  });

  it('has an own case, or is of a proposal, or is none', () => {
    expect(marked(OPCODE_SHAPE, SHAPE.own)).toEqual([
      ...[...range(0x00, 0x05), ...range(0x0b, 0x11), ...range(0x1a, 0x1c)],
      ...[...range(0x20, 0x26), ...range(0x3f, 0x44), ...range(0xd0, 0xd2), 0xfc],
    ]);
    expect(marked(OPCODE_SHAPE, SHAPE.feature)).toEqual([
      ...[...range(0x06, 0x0a), ...range(0x12, 0x15), 0x18, 0x19, 0x1f],
      ...[...range(0xd3, 0xd6), ...range(0xe0, 0xe6), 0xfb, 0xfd, 0xfe],
    ]);
    expect(marked(OPCODE_SHAPE, SHAPE.plain)).toEqual(range(0x45, 0xc4));
    expect(marked(OPCODE_SHAPE, SHAPE.memory)).toEqual(range(0x28, 0x3e));
    for (const opcode of OPCODES) {
      const moves = [SHAPE.plain, SHAPE.memory].some((shape) => OPCODE_SHAPE[opcode] === shape);
      if (!moves) expect([opcode, STACK_EFFECT[opcode]]).toEqual([opcode, 0]);
    }
  });

  it('may make a NaN if it rounds, computes or changes the width', () => {
    // Of each width: ceil, floor, trunc, nearest, sqrt, add, sub, mul, div, min, max.
    const [ceil32, max32, ceil64, max64, demote, promote] = [0x8d, 0x97, 0x9b, 0xa5, 0xb6, 0xbb];
    expect(marked(MAKES_NAN, 1)).toEqual([
      ...range(ceil32, max32),
      ...range(ceil64, max64),
      demote,
      promote,
    ]);
  });

  it('mixes bits if it is a xor, a shift or a rotation', () => {
    const [xor32, rotr32, xor64, rotr64] = [0x73, 0x78, 0x85, 0x8a];
    expect(marked(MIXES_BITS, 1)).toEqual([...range(xor32, rotr32), ...range(xor64, rotr64)]);
  });
});
