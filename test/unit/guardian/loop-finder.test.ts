/** Rounds that are claimed of loops in code: the number, or -1 where nothing may be claimed. */
import { describe, expect, it } from 'vitest';
import { authority } from './authority.ts';
import {
  ADD,
  block,
  br,
  brIf,
  build,
  call,
  callIndirect,
  DROP,
  type Func,
  get,
  I32,
  i32,
  loop,
  NOP,
  SUB,
  set,
  tee,
  when,
} from './build.ts';
import { around, LIMITS, walked } from './walk.ts';

type Code = readonly number[];

const code = (...parts: readonly Code[]): number[] => parts.flat();
const EQZ = [0x45];
const NE = [0x47];
const LT_S = [0x48];
const LT_U = [0x49];
const GT_S = [0x4a];
const GE_S = [0x4e];
const RETURN = [0x0f];
const start = (local: number, value: number) => code(i32(value), set(local));
const step = (local: number, by: number) => code(get(local), i32(by), ADD, set(local));
const below = (local: number, limit: number) => code(get(local), i32(limit), LT_S);
const from = (local: number, limit: number) => code(get(local), i32(limit), GE_S);
/** local 0 up by one, and again while it is unequal to 10: 10 rounds from zero. */
const TO_TEN = code(get(0), i32(1), ADD, tee(0), i32(10), NE, brIf(0));
/** local 0 down by one until it is zero. */
const TO_ZERO = code(get(0), i32(1), SUB, tee(0), brIf(0));
const UNKNOWN = 2 ** 32;

function tripsOf(instructions: Code, locals: Func['locals'] = [[4, I32]], type = 0) {
  const wasm = build(around(instructions, locals, type));
  expect(authority.check(wasm).valid).toBe(true);
  return walked(wasm).code.trips;
}

describe('a counted loop', () => {
  it.each<[string, Code, readonly number[]]>([
    ['no way back', loop(i32(1), DROP), [1]],
    ['a way back that is not reached', loop(RETURN, br(0)), [1]],
    ['step, tee and compare', loop(TO_TEN), [10]],
    ['step, set, get and compare', loop(step(0, 1), below(0, 10), brIf(0)), [10]],
    ['a start', code(start(0, 3), loop(TO_TEN)), [7]],
    ['a step of two', loop(step(0, 2), below(0, 10), brIf(0)), [5]],
    ['a negative step', code(start(0, 9), loop(step(0, -1), get(0), brIf(0))), [9]],
    ['subtraction to zero', code(start(0, 50), loop(TO_ZERO)), [50]],
    [
      'the constant on the left of the sum',
      loop(i32(2), get(0), ADD, tee(0), i32(10), LT_S, brIf(0)),
      [5],
    ],
    [
      'the constant on the left of the difference',
      loop(i32(2), get(0), SUB, tee(0), i32(10), LT_S, brIf(0)),
      [-1],
    ],
    [
      'the constant on the left of the comparison',
      loop(step(0, 1), i32(10), get(0), GT_S, brIf(0)),
      [10],
    ],
    [
      'the counter teed on the right',
      loop(i32(10), get(0), i32(1), ADD, tee(0), GT_S, brIf(0)),
      [-1],
    ],
    ['a comparison at the top', block(loop(from(0, 10), brIf(1), step(0, 1), br(0))), [11]],
    ['an if', loop(below(0, 10), when(step(0, 1), br(1))), [11]],
    ['an else', loop(from(0, 10), [0x04, 0x40, 0x05], step(0, 1), br(1), [0x0b]), [11]],
    [
      'an if upon the counter itself',
      code(start(0, 5), loop(get(0), when(step(0, -1), br(1)))),
      [6],
    ],
    ['an if of nothing known', loop(get(1), [0x69], when(step(0, 1), br(1))), [-1]],
    [
      'an else of nothing known',
      loop(get(1), [0x69, 0x04, 0x40, 0x05], step(0, 1), br(1), [0x0b]),
      [-1],
    ],
    ['eqz', code(start(0, 5), block(loop(get(0), EQZ, brIf(1), step(0, -1), br(0)))), [6]],
    ['eqz of a comparison', loop(step(0, 1), from(0, 10), EQZ, brIf(0)), [10]],
    ['eqz twice', loop(step(0, 1), below(0, 10), EQZ, EQZ, brIf(0)), [10]],
    ['eqz three times', loop(step(0, 1), from(0, 10), EQZ, EQZ, EQZ, brIf(0)), [10]],
    ['eqz four times', loop(step(0, 1), below(0, 10), EQZ, EQZ, EQZ, EQZ, brIf(0)), [-1]],
    [
      'nops between',
      loop(get(0), NOP, i32(1), NOP, ADD, tee(0), NOP, i32(10), LT_S, NOP, brIf(0)),
      [10],
    ],
    ['the step in a block that is open', loop(block(step(0, 1), below(0, 10), brIf(1))), [10]],
    [
      'the step in an arm that is open',
      loop(get(1), when(step(0, 1), below(0, 10), brIf(1))),
      [10],
    ],
    ['the step in a block that is closed', loop(block(step(0, 1)), below(0, 10), brIf(0)), [-1]],
    ['the step in the block before', loop(block(step(0, 1)), block(below(0, 10), brIf(1))), [-1]],
    [
      'the step in the other arm',
      loop(get(1), [0x04, 0x40], step(0, 1), [0x05], below(0, 10), brIf(1), [0x0b]),
      [-1],
    ],
    ['two steps', loop(step(0, 1), step(0, 1), below(0, 10), brIf(0)), [-1]],
    ['a step and a constant', loop(step(0, 1), start(0, 4), below(0, 10), brIf(0)), [-1]],
    ['a write that is no step', loop(get(1), set(0), below(0, 10), brIf(0)), [-1]],
    ['a step of another local', loop(get(1), i32(1), ADD, set(0), below(0, 10), brIf(0)), [-1]],
    ['no write', loop(below(0, 10), brIf(0)), [-1]],
    ['a write before it only', code(start(0, 1), loop(below(0, 10), brIf(0))), [-1]],
    ['a comparison of two locals', loop(step(0, 1), get(0), get(1), LT_S, brIf(0)), [-1]],
    [
      'a comparison with the limit computed',
      loop(step(0, 1), get(0), i32(1), i32(9), ADD, LT_S, brIf(0)),
      [-1],
    ],
    ['a second way back', loop(step(0, 1), below(0, 10), brIf(0), below(0, 10), brIf(0)), [-1]],
    ['a way back by a table', loop(step(0, 1), get(0), [0x0e, 0, 0]), [-1]],
    ['a way back that another table takes', block(loop(get(1), [0x0e, 1, 0, 1])), [-1]],
    ['a table that leaves it', block(loop(get(1), [0x0e, 1, 1, 1])), [1]],
    ['a way back out of an inner loop', loop(loop(step(0, 1), below(0, 10), brIf(1))), [1, -1]],
    ['no condition', loop(step(0, 1), br(0)), [-1]],
    [
      'the best of two conditions',
      block(loop(from(0, 99), brIf(1), from(0, 10), brIf(1), step(0, 1), br(0))),
      [11],
    ],
    [
      'the best of two, the first',
      block(loop(from(0, 10), brIf(1), from(0, 99), brIf(1), step(0, 1), br(0))),
      [11],
    ],
    [
      'a condition at the top and one at the end',
      block(loop(from(0, 20), brIf(1), step(0, 1), below(0, 10), brIf(0))),
      [10],
    ],
    ['a condition before the loop', block(from(0, 10), brIf(0), loop(step(0, 1), br(0))), [-1]],
    [
      'a condition that leaves to within the loop',
      loop(block(from(0, 10), brIf(0)), step(0, 1), br(0)),
      [-1],
    ],
    [
      'a condition that leaves a block around the way back',
      loop(block(from(0, 10), brIf(0), step(0, 1), br(1))),
      [-1],
    ],
    [
      'a condition that can be passed by',
      block(loop(block(get(1), brIf(0), from(0, 10), brIf(2)), step(0, 1), br(0))),
      [-1],
    ],
    [
      'a condition in an arm that is closed',
      block(loop(get(1), when(from(0, 10), brIf(2)), step(0, 1), br(0))),
      [-1],
    ],
    [
      'one loop in another',
      loop(start(1, 0), loop(step(1, 1), below(1, 7), brIf(0)), step(0, 1), below(0, 5), brIf(0)),
      [7, 5],
    ],
    [
      'one loop after another',
      code(loop(step(0, 1), below(0, 7), brIf(0)), loop(step(1, 1), get(1), i32(5), LT_U, brIf(0))),
      [7, 6],
    ],
  ])('with %s', (_, instructions, trips) => {
    expect(tripsOf(instructions)).toEqual(trips);
  });

  it('claims nothing by what only looks like its condition', () => {
    // Each leaves something else on the stack than the counter that stands before it.
    const takes: readonly Code[] = [[0x28, 2, 0], [0x40, 0], [0x69], call(1), code(i32(3), ADD)];
    for (const one of takes) {
      const ten = loop(get(0), i32(1), SUB, tee(0), one, brIf(0));
      expect(tripsOf(code(start(0, 9), ten))).toEqual([-1]);
    }
    const adds: readonly Code[] = [[0x23, 0], [0x3f, 0], [0xfc, 16, 1], get(1), i32(1)];
    for (const one of adds) {
      const ten = loop(get(0), i32(1), SUB, tee(0), one, brIf(0), DROP);
      expect(tripsOf(code(start(0, 9), ten))).toEqual([-1]);
    }
    const drops: readonly Code[] = [
      code(get(0), DROP),
      code(get(0), set(2)),
      code(get(0), [0x24, 0]),
      code(i32(1), get(0), [0x1b]),
      code(i32(1), get(0), [0x1c, 1, I32]),
      code(i32(0), get(0), [0x36, 2, 0]),
      code(i32(0), i32(0), get(0), [0xfc, 11, 0]),
      code(get(0), callIndirect(0)),
      block(get(0), DROP),
      block(),
      code(get(0), when()),
    ];
    for (const one of drops) {
      const ten = loop(get(0), i32(1), SUB, set(0), get(1), one, brIf(0));
      expect(tripsOf(code(start(0, 9), ten))).toEqual([-1]);
    }
  });

  it('starts where straight code before it says', () => {
    expect(tripsOf(code(start(0, 1), start(0, 4), loop(TO_TEN)))).toEqual([6]);
    expect(tripsOf(code(i32(4), tee(0), DROP, loop(TO_TEN)))).toEqual([6]);
    expect(tripsOf(code(get(1), set(0), loop(TO_TEN)))).toEqual([UNKNOWN]);
    expect(tripsOf(code(step(0, 1), loop(TO_TEN)))).toEqual([UNKNOWN]);
    // What is joined is forgotten, what comes after is not.
    for (const join of [
      block(),
      loop(),
      code(get(1), when()),
      code(get(1), [0x04, 0x40, 0x05, 0x0b]),
    ]) {
      const [trips] = tripsOf(code(start(0, 4), join, loop(TO_TEN))).slice(-1);
      expect(trips).toBe(UNKNOWN);
      const [after] = tripsOf(code(join, start(0, 4), loop(TO_TEN))).slice(-1);
      expect(after).toBe(6);
    }
    expect(tripsOf(block(start(0, 4), loop(TO_TEN)))).toEqual([6]);
    expect(tripsOf(code(start(0, 4), block(loop(TO_TEN))))).toEqual([6]);
    // An arm may start elsewhere than the other.
    const arms = code(get(1), [0x04, 0x40], start(0, 4), [0x05], loop(TO_TEN), [0x0b]);
    expect(tripsOf(arms)).toEqual([UNKNOWN]);
    // An outer loop comes back with another value.
    const again = loop(loop(TO_TEN), step(1, 1), below(1, 5), brIf(0));
    expect(tripsOf(again)).toEqual([UNKNOWN, 5]);
    expect(tripsOf(code(start(0, 4), again))).toEqual([UNKNOWN, 5]);
  });

  it('starts at zero by a local, anywhere by a parameter', () => {
    expect(tripsOf(code(get(0), loop(TO_TEN)), [[1, I32]], 1)).toEqual([UNKNOWN]);
    const second = loop(get(1), i32(1), ADD, tee(1), i32(10), NE, brIf(0));
    expect(tripsOf(code(get(0), second), [[1, I32]], 1)).toEqual([10]);
    // After a join nothing is known of a local that was never written.
    expect(tripsOf(code(block(), loop(TO_TEN)))).toEqual([UNKNOWN]);
  });

  it('is found after many writes', () => {
    for (const count of [1021, 1022, 1023, 1024, 1025, 2100]) {
      const many = Array.from({ length: count }, () => start(1, 7)).flat();
      expect(tripsOf(code(start(0, 3), many, loop(TO_TEN)))).toEqual([7]);
    }
  });

  it('knows nothing of the function before', () => {
    const two = (first: Code, second: Code) => {
      const locals: Func['locals'] = [[2, I32]];
      const [funcs, rest] = [[first, second], around([])];
      const wasm = build({
        ...rest,
        funcs: [...funcs.map((one) => ({ type: 0, locals, code: one })), ...(rest.funcs ?? [])],
      });
      return walked(wasm).code.trips;
    };
    expect(two(start(0, 4), loop(TO_TEN))).toEqual([10]);
    expect(two(step(0, 1), loop(below(0, 10), brIf(0)))).toEqual([-1]);
    expect(two(block(), loop(TO_TEN))).toEqual([10]);
    expect(two(code(get(0), brIf(0)), loop(step(0, 1), br(0)))).toEqual([-1]);
    // Of the condition, too.
    expect(two(get(0).concat(DROP), loop(TO_TEN))).toEqual([10]);
  });

  it('is followed by the first 65,536 locals', () => {
    const up = (local: number) => {
      const wasm = build(
        around(loop(get(local), i32(1), ADD, tee(local), i32(10), NE, brIf(0)), [[65_537, I32]]),
      );
      return walked(wasm, { ...LIMITS, locals: 70_000 }).code.trips;
    };
    expect(up(65_535)).toEqual([10]);
    expect(up(65_536)).toEqual([-1]);
  });

  it('is named by where it stands, if it is the first without a bound', () => {
    const place = (instructions: Code) => {
      const wasm = build(around(instructions));
      const { code: facts, info } = walked(wasm);
      // Local declarations are three bytes.
      const first = (info.bodies[0] as number) + 3;
      const at = facts.unboundedAt[0] as number;
      return [at === 0 ? undefined : at - first, facts.loops, facts.boundedLoops];
    };
    expect(place(loop(TO_TEN))).toEqual([undefined, 1, 1]);
    expect(place(code(NOP, loop(br(0))))).toEqual([1, 1, 0]);
    expect(place(code(loop(TO_TEN), loop(br(0))))).toEqual([loop(TO_TEN).length, 2, 1]);
    expect(place(code(loop(get(0), brIf(0)), NOP, loop(br(0))))).toEqual([0, 2, 0]);
    // The inner one ends first.
    expect(place(loop(NOP, loop(br(0))))).toEqual([3, 2, 1]);
  });
});
