/** What the walk over the code says of each instruction: fuel, operands, and where it stops. */
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
  I64,
  i32,
  leb,
  loop,
  NOP,
  set,
  tee,
  when,
} from './build.ts';
import { around, LIMITS, programOf, walk, walked, walkOf } from './walk.ts';

const code = (...parts: readonly (readonly number[])[]): number[] => parts.flat();
const RETURN = [0x0f];
const UNREACHABLE = [0x00];
const F32 = [0x43, 0, 0, 0, 0];
const F64 = [0x44, 0, 0, 0, 0, 0, 0, 0, 0];
const I64_ONE = [0x42, 1];
const END = [0x0b];
const ELSE = [0x05];

/** Fuel as Wasmtime burns it: one an instruction, but none for those that only shape the code. */
const PROGRAMS: readonly (readonly [
  name: string,
  code: number[],
  program: string,
  most: number,
])[] = [
  ['nothing', [], '', 0],
  ['nop', code(NOP, NOP), '', 0],
  ['constants', code(i32(1), I64_ONE, F32, F64, DROP, DROP, DROP, DROP), 'fuel 4', 4],
  ['locals', code(get(0), tee(1), set(2)), 'fuel 3', 1],
  ['globals', code([0x23, 0], [0x24, 0], [0x23, 1], [0x24, 1]), 'fuel 4', 1],
  ['load and store', code(i32(0), i32(0), [0x28, 2, 0], [0x36, 2, 0]), 'fuel 4', 2],
  ['arithmetic', code(i32(1), i32(2), ADD, [0x45], DROP), 'fuel 4', 2],
  [
    'select',
    code(i32(1), i32(2), i32(0), [0x1b], i32(3), i32(0), [0x1c, 1, I32], DROP),
    'fuel 7',
    3,
  ],
  ['table.get and table.set', code(i32(0), i32(1), [0x25, 0], [0x26, 0]), 'fuel 4', 2],
  ['memory.size', code([0x3f, 0], DROP), 'fuel 1', 1],
  ['memory.grow', code(i32(1), [0x40, 0], DROP), 'fuel 2', 1],
  [
    'references',
    code([0xd0, 0x70], [0xd1], DROP, [0xd0, 0x6f], DROP, [0xd2, 1], DROP),
    'fuel 4',
    1,
  ],
  ['saturating conversions', code(F32, [0xfc, 0], DROP, F64, [0xfc, 7], DROP), 'fuel 4', 1],
  [
    'memory.init and data.drop',
    code(i32(0), i32(0), i32(3), [0xfc, 8, 1, 0], [0xfc, 9, 1]),
    'fuel 8',
    3,
  ],
  ['memory.copy', code(i32(0), i32(0), i32(7), [0xfc, 10, 0, 0]), 'fuel 11', 3],
  ['memory.fill', code(i32(0), i32(0), i32(500), [0xfc, 11, 0]), 'fuel 504', 3],
  ['memory.fill of all', code(i32(0), i32(0), i32(-1), [0xfc, 11, 0]), 'fuel 4294967299', 3],
  ['memory.fill, unknown', code(i32(0), i32(0), get(0), [0xfc, 11, 0]), 'fuel 4, bulk', 3],
  [
    'memory.copy, unknown, and on',
    code(i32(0), i32(0), get(0), [0xfc, 10, 0, 0], i32(1), DROP),
    'fuel 4, bulk, fuel 1',
    3,
  ],
  [
    'table.init and elem.drop',
    code(i32(0), i32(0), i32(2), [0xfc, 12, 1, 0], [0xfc, 13, 1]),
    'fuel 7',
    3,
  ],
  ['table.copy', code(i32(0), i32(0), i32(5), [0xfc, 14, 0, 0]), 'fuel 9', 3],
  ['table.grow', code([0xd0, 0x70], i32(9), [0xfc, 15, 0], DROP), 'fuel 12', 2],
  ['table.size', code([0xfc, 16, 1], DROP), 'fuel 1', 1],
  ['table.fill', code(i32(0), [0xd0, 0x6f], get(1), [0xfc, 17, 1]), 'fuel 4, bulk', 3],
  [
    'calls',
    code(i32(1), call(1), DROP, i32(1), i32(2), call(2), DROP, NOP),
    'fuel 2, call 1, fuel 3, call 2',
    2,
  ],
  ['call through a table', code(i32(1), i32(0), callIndirect(1), DROP), 'fuel 3, indirect 1', 2],
  [
    'call through a table of three',
    code(i32(1), i32(2), i32(3), i32(0), callIndirect(4), i32(1), DROP),
    'fuel 5, indirect 4, fuel 1',
    4,
  ],
  ['block', code(i32(1), block(), DROP), 'fuel 1', 1],
  ['block of a value', code([0x02, I32], i32(1), END, DROP), 'fuel 1', 1],
  ['block of two values', code([0x02, 3], i32(1), I64_ONE, END, DROP, DROP), 'fuel 2', 2],
  ['block that takes one', code(i32(5), [0x02, 1], i32(1), ADD, END, DROP), 'fuel 3', 2],
  ['loop', code(i32(1), loop(i32(1), DROP), DROP), 'fuel 1, loop, fuel 1, loopEnd 0', 2],
  [
    'loop in a loop',
    code(loop(loop(NOP), i32(1), DROP), i32(1), DROP),
    'loop, loop, loopEnd 0, fuel 1, loopEnd 1, fuel 1',
    1,
  ],
  ['if', code(i32(1), when(i32(1), DROP)), 'fuel 2, if, fuel 1, ifEnd', 1],
  [
    'if and else',
    code(i32(1), [0x04, I32], i32(1), ELSE, i32(2), i32(3), ADD, END, DROP),
    'fuel 2, if, fuel 1, else, fuel 3, ifEnd',
    2,
  ],
  [
    'if and else that take one',
    code(i32(1), i32(1), [0x04, 1], ELSE, i32(3), ADD, END, DROP, i32(1), DROP),
    'fuel 3, if, else, fuel 2, ifEnd, fuel 1',
    2,
  ],
  ['br', code(block(i32(1), DROP, br(0), i32(1), DROP), i32(1), DROP), 'fuel 2, fuel 1', 1],
  ['br_if', code(block(get(0), brIf(0), i32(1), DROP)), 'fuel 3', 1],
  [
    'br_table',
    code(block(get(0), [0x0e, 1, 0, 1], i32(1), DROP), i32(1), DROP),
    'fuel 2, fuel 1',
    1,
  ],
  ['return', code(i32(1), DROP, RETURN, i32(1), ADD, DROP), 'fuel 1', 1],
  ['unreachable', code(i32(1), DROP, UNREACHABLE, i32(1), DROP), 'fuel 1', 1],
  [
    'arms of which one ends',
    code(i32(1), [0x04, 0x40], UNREACHABLE, ADD, DROP, ELSE, i32(1), DROP, END, i32(1), DROP),
    'fuel 2, if, else, fuel 1, ifEnd, fuel 1',
    1,
  ],
  [
    'arms of which the other ends',
    code(i32(1), [0x04, 0x40], i32(1), DROP, ELSE, RETURN, ADD, DROP, END, i32(1), DROP),
    'fuel 2, if, fuel 1, else, ifEnd, fuel 1',
    1,
  ],
  ['a loop that is not reached', code(RETURN, loop(i32(1), DROP, br(0))), '', 0],
  [
    'an if that is not reached',
    code(RETURN, i32(1), [0x04, 0x40], i32(1), DROP, ELSE, i32(2), DROP, END, i32(1), DROP),
    '',
    0,
  ],
  [
    'a block that is not reached',
    code(block(br(0), block(i32(1), DROP), i32(1), DROP), i32(1), DROP),
    'fuel 1, fuel 1',
    1,
  ],
  [
    'calls that are not reached',
    code(RETURN, call(1), DROP, call(2), DROP, callIndirect(1), DROP),
    '',
    0,
  ],
  [
    'a fill that is not reached',
    code(RETURN, i32(1), i32(1), get(0), [0xfc, 11, 0], i32(0), i32(0), i32(9), [0xfc, 11, 0]),
    '',
    0,
  ],
  [
    'jumps that are not reached',
    code(
      block(br(0), i32(1), [0x0e, 0, 0]),
      block(br(0), i32(1), DROP, br(0)),
      block(br(0), i32(1), brIf(0)),
      block(br(0), i32(1), RETURN),
    ),
    'fuel 1, fuel 1, fuel 1, fuel 1',
    0,
  ],
  ['operands that are not reached', code(RETURN, i32(1), i32(1), DROP, DROP), '', 0],
  [
    'operands that a jump leaves',
    code(block(i32(1), i32(2), br(0)), i32(1), DROP),
    'fuel 3, fuel 1',
    2,
  ],
  ['operands below a jump', code(i32(7), block(br(0)), i32(1), DROP, DROP), 'fuel 2, fuel 1', 2],
  [
    'operands below a jump out of an arm',
    code(i32(7), get(0), [0x04, 0x40], br(0), ELSE, i32(1), DROP, END, DROP),
    'fuel 3, if, fuel 1, else, fuel 1, ifEnd',
    2,
  ],
  [
    'operands taken where nothing is',
    code(block(br(0), ADD, ADD, ADD, DROP), i32(1), i32(2), DROP, DROP),
    'fuel 1, fuel 2',
    2,
  ],
];

describe('the program of a function', () => {
  it.each(PROGRAMS)('%s', (_, instructions, program, most) => {
    const wasm = build(around(instructions));
    expect(authority.check(wasm).valid).toBe(true);
    const { code: facts } = walked(wasm);
    expect(programOf(facts)).toBe(program);
    // Four locals lie below the operands.
    expect(facts.frameSlots[0]).toBe(4 + most);
    expect(facts.maxOperands).toBe(Math.max(1, most));
    // Nothing is left on the stack, or nothing that follows is reached.
    const six = Array.from({ length: 6 }, () => i32(1)).flat();
    const drops = Array.from({ length: 6 }, () => DROP).flat();
    const ended = authority.check(build(around(code(instructions, ADD, DROP)))).valid;
    const { frameSlots } = walkOf(code(instructions, six, drops)).code;
    expect(frameSlots[0]).toBe(4 + (ended ? most : 6));
  });

  it('is one of several in a row', () => {
    const facts = walkOf(code(i32(1), DROP)).code;
    expect([0, 1, 2].map((index) => programOf(facts, index))).toEqual([
      'fuel 1',
      'fuel 1',
      'fuel 1',
    ]);
    expect(facts.programStart).toEqual([0, 2, 4, 6]);
  });

  it('grows with the code', () => {
    const calls = Array.from({ length: 9000 }, () => [...i32(1), ...call(1), ...DROP]).flat();
    const facts = walkOf(calls).code;
    expect(facts.program.length).toBe(9000 * 4 + 4);
    expect(programOf(facts).split(', ')).toEqual(
      Array.from({ length: 18_000 }, (__, at) => (at % 2 === 0 ? 'fuel 2' : 'call 1')),
    );
    expect(programOf(facts, 2)).toBe('fuel 1');
  });

  it('has its parameters, locals and operands as slots', () => {
    const slots = (locals: Func['locals'], type: number, instructions: readonly number[]) =>
      walkOf(instructions, locals, type).code.frameSlots[0];
    expect(slots([], 0, [])).toBe(0);
    expect(
      slots(
        [
          [2, I32],
          [3, I64],
        ],
        0,
        [],
      ),
    ).toBe(5);
    expect(slots([[2, I32]], 4, [])).toBe(5);
    expect(slots([], 2, code(get(0), get(1), DROP, DROP, I64_ONE))).toBe(4);
    expect(slots([], 1, code(get(0)))).toBe(2);
  });
});

describe('the facts of the code', () => {
  it('are counts and maxima over all functions', () => {
    const nested = block(block(loop()));
    const facts = walkOf(code(nested, get(0), [0x0e, 3, 0, 0, 0, 0]), [
      [4, I32],
      [2, I64],
    ]).code;
    expect(facts).toMatchObject({
      instructions: 3 + 3 + 2 + 1 + 2 + 2,
      loops: 1,
      boundedLoops: 1,
      maxNesting: 3,
      maxBrTable: 3,
      maxLocals: 6,
      maxOperands: 1,
      makesNan: false,
      mixingFunctions: 0,
      nestingExceeded: false,
      brTableExceeded: false,
      localsExceeded: false,
      feature: false,
    });
    const tables = walkOf(code(block(get(0), [0x0e, 2, 0, 0, 0]), get(0), [0x0e, 1, 0, 0])).code;
    expect(tables.maxBrTable).toBe(2);
    // memory.size tells only, memory.grow grows.
    const memory = (...instructions: number[]) =>
      walked(
        build({
          types: [[[], []]],
          memories: [[0, 1]],
          funcs: [{ type: 0, code: code(instructions, DROP) }],
        }),
      ).code.growsMemory;
    expect([memory(0x3f, 0), memory(0x41, 0, 0x40, 0)]).toEqual([false, true]);
    const fewer = walked(
      build({
        types: [[[], []]],
        funcs: [
          { type: 0, locals: [[3, I32]], code: block(block(i32(1), i32(1), DROP, DROP)) },
          { type: 0, locals: [[1, I32]], code: block(i32(1), DROP) },
        ],
      }),
    ).code;
    expect([fewer.maxLocals, fewer.maxNesting, fewer.maxOperands]).toEqual([3, 2, 2]);
  });

  it('tell limits that are met from limits that are passed', () => {
    const wasm = build(
      around(code(block(block(get(0), [0x0e, 2, 0, 0, 0]))), [
        [5, I32],
        [1, I64],
      ]),
    );
    const facts = (change: object) => walked(wasm, { ...LIMITS, ...change }).code;
    expect(facts({ nesting: 2, brTable: 2, locals: 6 })).toMatchObject({
      nestingExceeded: false,
      brTableExceeded: false,
      localsExceeded: false,
    });
    expect(facts({ nesting: 1 })).toMatchObject({ nestingExceeded: true, maxNesting: 1 });
    expect(facts({ brTable: 1 }).brTableExceeded).toBe(true);
    expect(facts({ locals: 5 }).localsExceeded).toBe(true);
    for (const open of [block(), loop(), code(i32(0), when())]) {
      const deep = build(around(open));
      expect(walked(deep, { ...LIMITS, nesting: 0 }).code.nestingExceeded).toBe(true);
      expect(walked(deep, { ...LIMITS, nesting: 1 }).code.nestingExceeded).toBe(false);
    }
    // Parameters are no locals.
    const params = build(around([], [[1, I32]], 4));
    expect(walked(params, { ...LIMITS, locals: 1 }).code.localsExceeded).toBe(false);
  });

  it('say that code takes references of functions', () => {
    expect([...walkOf(code([0xd2, 0], DROP)).info.addressTaken].sort()).toEqual([0, 1, 2]);
    expect([...walkOf([]).info.addressTaken].sort()).toEqual([1, 2]);
  });

  it('call a function that mixes bits what it may be', () => {
    const xor = code(i32(7), [0x73]);
    /** `count` instructions in all, the end and the drop included, of which `mixing` mix. */
    const of = (count: number, mixing: number) => {
      const rest = count - 3 - 2 * mixing;
      const filler = Array.from({ length: rest }, () => NOP).flat();
      const instructions = code(
        i32(1),
        Array.from({ length: mixing }, () => xor).flat(),
        filler,
        DROP,
      );
      const { mixingFunctions, instructions: all } = walkOf(instructions).code;
      expect(all).toBe(count + 4);
      return mixingFunctions;
    };
    expect(of(96, 20)).toBe(1);
    expect(of(95, 19)).toBe(0);
    expect(of(100, 20)).toBe(1);
    expect(of(101, 20)).toBe(0);
    expect(of(100, 19)).toBe(0);
  });
});

describe('an instruction that is none', () => {
  /** Where the walk stopped, counted from the first instruction. */
  const stop = (instructions: readonly number[], type = 0) => {
    const wasm = build(around(instructions, [[4, I32]], type));
    const result = walk(wasm);
    if ('code' in result) return undefined;
    const [kind, offset] = result;
    const start = walked(build(around([], [[4, I32]], type))).info.bodies[0] as number;
    // Local declarations are three bytes; lengths before the body may have grown.
    const grown = wasm.length - build(around([], [[4, I32]], type)).length - instructions.length;
    return `${kind} ${offset - start - grown - 3}`;
  };

  it.each<[string, readonly number[], string]>([
    ['opcode that does not exist', [0x27], 'MALFORMED 0'],
    ['opcode of a proposal', [0x12, 0], 'FEATURE 0'],
    ['local beyond the last', get(4), 'INVALID 2'],
    ['set of a local beyond the last', code(i32(0), set(4)), 'INVALID 4'],
    ['tee of a local beyond the last', code(i32(0), tee(4), DROP), 'INVALID 4'],
    ['global beyond the last', [0x23, 2], 'INVALID 2'],
    ['set of a global beyond the last', code(i32(0), [0x24, 2]), 'INVALID 4'],
    ['call of a function beyond the last', call(3), 'INVALID 2'],
    ['call of a type beyond the last', code(i32(0), callIndirect(5)), 'INVALID 5'],
    ['call through a table beyond the last', code(i32(0), callIndirect(0, 2)), 'INVALID 5'],
    ['label beyond the function', br(1), 'INVALID 2'],
    ['condition to a label beyond', code(i32(0), brIf(1)), 'INVALID 4'],
    ['label of a table beyond', code(i32(0), [0x0e, 1, 0, 1]), 'INVALID 6'],
    ['default label beyond', code(i32(0), [0x0e, 1, 1, 0]), 'INVALID 5'],
    ['table.get beyond the last', code(i32(0), [0x25, 2]), 'INVALID 4'],
    ['table.set beyond the last', code(i32(0), [0xd0, 0x70], [0x26, 2]), 'INVALID 6'],
    ['reference of a function beyond', [0xd2, 3], 'INVALID 2'],
    ['reference of no type', [0xd0, 0x7f], 'MALFORMED 1'],
    ['reference of a type of a proposal', [0xd0, 0x6e], 'FEATURE 1'],
    ['select of no type', code(i32(0), i32(0), i32(0), [0x1c, 1, 0x40]), 'MALFORMED 8'],
    ['select of more types than bytes', code(i32(0), [0x1c, 60]), 'MALFORMED 4'],
    ['load of memory 1', code(i32(0), [0x28, 0x40, 0, 0]), 'FEATURE 4'],
    ['load with an alignment of 2^63', code(i32(0), [0x28, 0x3f, 0], DROP), 'none'],
    ['size of memory 1', [0x3f, 1], 'FEATURE 2'],
    ['growth of memory 1', code(i32(0), [0x40, 1]), 'FEATURE 4'],
    ['else without if', ELSE, 'MALFORMED 1'],
    ['else of a block', [0x02, 0x40, ...ELSE], 'MALFORMED 3'],
    ['else twice', code(i32(0), [0x04, 0x40], ELSE, ELSE), 'MALFORMED 6'],
    ['block of a type beyond the last', [0x02, 5], 'INVALID 2'],
    ['block of a negative type', [0x02, 0xbf, 0x7f], 'MALFORMED 3'],
    ['block of no type', [0x02, 0x41], 'MALFORMED 1'],
    ['block of a type of a proposal', [0x02, 0x6e], 'FEATURE 1'],
    ['memory.init of data beyond', [0xfc, 8, 2, 0], 'INVALID 3'],
    ['memory.init in memory 1', [0xfc, 8, 1, 1], 'FEATURE 4'],
    ['data.drop of data beyond', [0xfc, 9, 2], 'INVALID 3'],
    ['memory.copy to memory 1', [0xfc, 10, 1, 0], 'FEATURE 3'],
    ['memory.copy from memory 1', [0xfc, 10, 0, 1], 'FEATURE 4'],
    ['memory.fill of memory 1', [0xfc, 11, 1], 'FEATURE 3'],
    ['table.init of elements beyond', [0xfc, 12, 2, 0], 'INVALID 3'],
    ['table.init of a table beyond', [0xfc, 12, 1, 2], 'INVALID 4'],
    ['elem.drop of elements beyond', [0xfc, 13, 2], 'INVALID 3'],
    ['table.copy to a table beyond', [0xfc, 14, 2, 0], 'INVALID 3'],
    ['table.copy from a table beyond', [0xfc, 14, 0, 2], 'INVALID 4'],
    ['table.grow beyond', [0xfc, 15, 2], 'INVALID 3'],
    ['table.size beyond', [0xfc, 16, 2], 'INVALID 3'],
    ['table.fill beyond', [0xfc, 17, 2], 'INVALID 3'],
    ['memory.discard', [0xfc, 18], 'FEATURE 2'],
    ['last of wide arithmetic', [0xfc, 22], 'FEATURE 2'],
    ['after wide arithmetic', [0xfc, 23], 'MALFORMED 2'],
  ])('%s', (_, instructions, expected) => {
    expect(stop(instructions) ?? 'none').toBe(expected);
  });

  it('takes the last of everything', () => {
    const all = code(
      ...[get(3), set(3), [0x23, 1], [0x24, 1], i32(0), i32(0), call(2), DROP],
      ...[i32(0), callIndirect(3, 0), DROP, DROP, i32(0), [0x25, 1], DROP, [0xd2, 2], DROP],
      ...[i32(0), i32(0), i32(0), [0xfc, 8, 1, 0], [0xfc, 9, 1], i32(0), i32(0), i32(0)],
      ...[[0xfc, 12, 1, 0], [0xfc, 13, 1], [0xfc, 16, 1], DROP, block(i32(0), [0x0e, 1, 1, 1])],
    );
    expect(stop(all)).toBeUndefined();
    // Of a function with a parameter the locals come after it.
    expect(stop(code(get(4), DROP, get(0)), 1)).toBeUndefined();
    expect(stop(get(5), 1)).toBe('INVALID 2');
  });

  it('is memory.init where data was not counted', () => {
    const { dataCount, ...spec } = around([0xfc, 9, 0]);
    expect(dataCount).toBe(2);
    expect(walk(build(spec))).toMatchObject({ 0: 'MALFORMED' });
  });
});

describe('a body', () => {
  const stop = (content: readonly number[]) => {
    const wasm = Uint8Array.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...[1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
      ...[10, ...leb(content.length + 2), 1, ...leb(content.length), ...content],
    ]);
    const result = walk(wasm);
    return 'code' in result ? result.code.maxLocals : `${result[0]} ${result[1] - 22}`;
  };

  it('is its locals, its instructions and one end', () => {
    expect(stop([0, 0x0b])).toBe(0);
    expect(stop([0, 0x01])).toBe('MALFORMED 2');
    expect(stop([0])).toBe('MALFORMED 1');
    expect(stop([0, 0x0b, 0x01])).toBe('MALFORMED 2');
    expect(stop([0, 0x02, 0x40, 0x0b])).toBe('MALFORMED 4');
    expect(stop([1, 0x0b])).toBe('MALFORMED 1');
    expect(stop([0, 0x41])).toBe('MALFORMED 2');
    expect(stop([0, 0x02])).toBe('MALFORMED 2');
  });

  it('declares locals of value types, fewer than 2^32 in all', () => {
    expect(stop([2, 3, I32, 4, I64, 0x0b])).toBe(7);
    expect(stop([1, 1, 0x7b, 0x0b])).toBe(1);
    for (const type of [0x7f, 0x7e, 0x7d, 0x7c, 0x70, 0x6f])
      expect(stop([1, 1, type, 0x0b])).toBe(1);
    for (const type of [0x7a, 0x79, 0x40, 0x41]) {
      expect(stop([1, 1, type, 0x0b])).toBe('MALFORMED 2');
    }
    for (const type of [0x6e, 0x71, 0x63]) expect(stop([1, 1, type, 0x0b])).toBe('FEATURE 2');
    const most = leb(0xffff_ffff);
    expect(stop([1, ...most, I32, 0x0b])).toBe(0xffff_ffff);
    expect(stop([2, ...most, I32, 1, I32, 0x0b])).toBe('MALFORMED 8');
  });

  it('with vectors is of a feature', () => {
    expect(walkOf([], [[1, 0x7b]]).code.feature).toBe(true);
    expect(walkOf(code([0x02, 0x7b], UNREACHABLE, END, DROP)).code.feature).toBe(true);
  });

  it('of a type that is not there is refused where it starts', () => {
    const wasm = build({ types: [], funcs: [{ type: 0, code: [] }] });
    expect(walk(wasm)).toEqual(['INVALID', wasm.length - 2]);
  });
});
