/** Cost, stack, call graph, loops. */
import {
  ADD,
  block,
  br,
  brIf,
  build,
  call,
  callIndirect,
  DROP,
  FUNCREF,
  type Func,
  get,
  I32,
  i32,
  loop,
  type ModuleSpec,
  SUB,
  set,
  tee,
  when,
} from '../build.ts';
import type { Case } from './case.ts';

const LT_S = [0x48];
const LT_U = [0x49];
const GE_S = [0x4e];
const NE = [0x47];
const EQZ = [0x45];
const LOCAL: Func['locals'] = [[1, I32]];
const run: ModuleSpec = { types: [[[], []]], exports: [['run', 0, 0]] };
const one = (...code: number[][]): Uint8Array =>
  build({ ...run, funcs: [{ type: 0, locals: [[2, I32]], code: code.flat() }] });
const step = (by: number) => [...get(0), ...i32(by), ...ADD, ...set(0)];

const bounded = (name: string, wasm: Uint8Array): Case => ({
  name,
  wasm,
  reasons: [],
  flags: ['COST_BOUNDED', 'STACK_BOUNDED'],
});
const unbounded = (name: string, wasm: Uint8Array): Case => ({
  name,
  wasm,
  reasons: [],
  flags: ['COST_UNBOUNDED', 'STACK_BOUNDED'],
});
const endless = (name: string, wasm: Uint8Array): Case => ({
  name,
  wasm,
  reasons: [],
  flags: ['COST_UNBOUNDED', 'STACK_UNBOUNDED'],
});

/** `count` functions, each calling the next `calls` times; the last does nothing. */
const chain = (count: number, calls: number) =>
  build({
    ...run,
    funcs: Array.from({ length: count }, (_, index) => ({
      type: 0,
      code: index === count - 1 ? [] : Array.from({ length: calls }, () => call(index + 1)).flat(),
    })),
  });
/** Function 0 calls through the table; `more` says what the table holds. */
const throughTable = (more: ModuleSpec, callee: number[] = []) =>
  build({
    ...run,
    tables: [[FUNCREF, 0, 2]],
    funcs: [
      { type: 0, code: [...i32(0), ...callIndirect(0)] },
      { type: 0, code: callee },
    ],
    ...more,
  });

export const LOOPS: readonly Case[] = [
  bounded('no loop', one(i32(1), DROP)),
  bounded('loop that never repeats', one(loop(i32(1), DROP))),
  bounded(
    'counted up, compared at the end',
    one(i32(0), set(0), loop(get(0), i32(1), ADD, tee(0), i32(100), LT_S, brIf(0))),
  ),
  bounded(
    'counted up with !=',
    one(i32(0), set(0), loop(get(0), i32(2), ADD, tee(0), i32(100), NE, brIf(0))),
  ),
  bounded('counted down to zero', one(i32(50), set(0), loop(get(0), i32(1), SUB, tee(0), brIf(0)))),
  bounded(
    'counted down by adding -1',
    one(i32(50), set(0), loop(get(0), i32(-1), ADD, tee(0), brIf(0))),
  ),
  bounded(
    'compared at the top, leaving the block',
    one(i32(0), set(0), block(loop(get(0), i32(10), GE_S, brIf(1), step(1), br(0)))),
  ),
  bounded(
    'compared at the top with an if',
    one(i32(0), set(0), loop(get(0), i32(10), LT_S, when(step(1), br(1)))),
  ),
  bounded(
    'condition negated with eqz',
    one(i32(0), set(0), block(loop(get(0), i32(10), LT_S, EQZ, brIf(1), step(1), br(0)))),
  ),
  bounded(
    'constant on the left',
    one(i32(0), set(0), loop(step(1), i32(10), get(0), [0x4a], brIf(0))),
  ),
  bounded('locals start at zero', one(loop(get(0), i32(1), ADD, tee(0), i32(9), NE, brIf(0)))),
  bounded(
    'nested counted loops',
    one(
      loop(
        i32(0),
        set(1),
        loop(get(1), i32(1), ADD, tee(1), i32(7), LT_U, brIf(0)),
        get(0),
        i32(1),
        ADD,
        tee(0),
        i32(5),
        LT_U,
        brIf(0),
      ),
    ),
  ),
  bounded(
    'unknown start, unsigned limit',
    build({
      types: [[[I32], []]],
      exports: [['run', 0, 0]],
      funcs: [{ type: 0, code: loop(get(0), i32(1), ADD, tee(0), i32(100), LT_U, brIf(0)) }],
    }),
  ),
  unbounded('endless loop', one(loop(br(0)))),
  unbounded(
    'loop until memory says so',
    build({
      ...run,
      memories: [[0, 1]],
      funcs: [{ type: 0, code: loop(i32(0), [0x28, 2, 0], brIf(0)) }],
    }),
  ),
  unbounded('limit in a local', one(loop(get(0), i32(1), ADD, tee(0), get(1), LT_S, brIf(0)))),
  unbounded('step of zero', one(loop(get(0), i32(0), ADD, tee(0), i32(9), LT_S, brIf(0)))),
  unbounded(
    'counter reset in the loop',
    one(loop(i32(0), set(0), get(0), i32(1), ADD, tee(0), i32(9), LT_S, brIf(0))),
  ),
  unbounded(
    'counter stepped only in an if',
    one(loop(get(1), when(step(1)), get(0), i32(9), LT_S, brIf(0))),
  ),
  unbounded(
    'counter stepped in an inner loop',
    one(loop(loop(step(1)), get(0), i32(9), LT_S, brIf(0))),
  ),
  unbounded(
    'comparison can be jumped over',
    one(loop(block(get(1), brIf(0), get(0), i32(9), GE_S, brIf(2)), step(1), br(0))),
  ),
  unbounded(
    'second way back',
    one(loop(get(1), brIf(0), get(0), i32(1), ADD, tee(0), i32(9), LT_S, brIf(0))),
  ),
  unbounded('way back through br_table', one(loop(get(0), [0x0e, 1, 0, 0]))),
  unbounded(
    'counts away from its limit',
    one(loop(get(0), i32(-1), ADD, tee(0), i32(9), LT_S, brIf(0))),
  ),
  unbounded('steps over its limit', one(loop(get(0), i32(2), ADD, tee(0), i32(9), NE, brIf(0)))),
  unbounded(
    'limit so high that the counter wraps',
    one(loop(get(0), i32(16), ADD, tee(0), i32(-4), LT_U, brIf(0))),
  ),
  unbounded(
    'counter start forgotten at a join',
    build({
      types: [[[I32], []]],
      exports: [['run', 0, 0]],
      funcs: [
        {
          type: 0,
          locals: LOCAL,
          code: [
            ...get(0),
            ...when(i32(1), set(1)),
            ...loop(get(1), i32(2), ADD, tee(1), i32(10), NE, brIf(0)),
          ],
        },
      ],
    }),
  ),
  unbounded(
    'outer loop spins around a counted one',
    one(loop(i32(0), set(0), loop(get(0), i32(1), ADD, tee(0), i32(7), LT_U, brIf(0)), br(0))),
  ),
];

export const CALLS: readonly Case[] = [
  bounded('chain of calls', chain(30, 1)),
  bounded('40 functions make 2^39 calls without a loop', chain(40, 2)),
  unbounded('70 functions make more calls than fuel can count', chain(70, 2)),
  endless('direct recursion', build({ ...run, funcs: [{ type: 0, code: call(0) }] })),
  endless(
    'mutual recursion',
    build({
      ...run,
      funcs: [
        { type: 0, code: call(1) },
        { type: 0, code: call(0) },
      ],
    }),
  ),
  endless(
    'ring of a thousand functions',
    build({
      ...run,
      funcs: Array.from({ length: 1000 }, (_, index) => ({
        type: 0,
        code: call((index + 1) % 1000),
      })),
    }),
  ),
  bounded(
    'recursion that nothing reaches',
    build({
      ...run,
      funcs: [
        { type: 0, code: [] },
        { type: 0, code: call(1) },
      ],
    }),
  ),
  bounded('call through an empty table', throughTable({})),
  bounded(
    'call through a table of a bounded function',
    throughTable({ elements: [[0, ...i32(0), 0x0b, 1, 1]] }),
  ),
  endless(
    'recursion through the table',
    throughTable({ elements: [[0, ...i32(0), 0x0b, 1, 1]] }, [...i32(0), ...callIndirect(0)]),
  ),
  endless(
    'recursion through a passive segment',
    throughTable({ elements: [[1, 0, 1, 1]] }, [...i32(0), ...callIndirect(0)]),
  ),
  endless(
    'recursion through ref.func and table.set',
    throughTable(
      {
        exports: [
          ['run', 0, 0],
          ['f', 0, 1],
        ],
      },
      [...i32(0), 0xd2, 1, 0x26, 0, ...i32(0), ...callIndirect(0)],
    ),
  ),
  endless(
    'table that is exported',
    throughTable({
      exports: [
        ['run', 0, 0],
        ['table', 1, 0],
      ],
    }),
  ),
  bounded(
    'other signatures in the table do not count',
    throughTable({
      types: [
        [[], []],
        [[I32], [I32]],
      ],
      funcs: [
        { type: 0, code: [...i32(0), ...callIndirect(0)] },
        { type: 1, code: [...get(0), ...call(1)] },
      ],
      elements: [[0, ...i32(0), 0x0b, 1, 1]],
    }),
  ),
  {
    name: 'function that nothing reaches',
    wasm: build({
      ...run,
      funcs: [
        { type: 0, code: [] },
        { type: 0, code: [] },
      ],
    }),
    reasons: [],
    flags: ['DEAD_CODE'],
  },
  {
    name: 'bound above the policy',
    wasm: chain(20, 2),
    policy: { maximumCost: '1000' },
    reasons: ['COST'],
  },
  {
    name: 'bound within the policy',
    wasm: chain(5, 2),
    policy: { maximumCost: '1000' },
    reasons: [],
    flags: ['COST_BOUNDED'],
  },
  {
    name: 'no bound where the policy wants one',
    wasm: one(loop(br(0))),
    policy: { maximumCost: '18446744073709551614' },
    reasons: ['COST'],
    flags: ['COST_UNBOUNDED'],
  },
  {
    name: 'no stack bound where the policy wants one',
    wasm: build({ ...run, funcs: [{ type: 0, code: call(0) }] }),
    policy: { maximumStackSlots: 1_000_000 },
    reasons: ['STACK'],
  },
  {
    name: 'stack bound above the policy',
    wasm: one(i32(1), DROP),
    policy: { maximumStackSlots: 2 },
    reasons: ['STACK'],
  },
  {
    name: 'stack bound within the policy',
    wasm: one(i32(1), DROP),
    policy: { maximumStackSlots: 3 },
    reasons: [],
    flags: ['STACK_BOUNDED'],
  },
  {
    name: 'only the entry counts',
    wasm: build({
      types: [[[], []]],
      exports: [
        ['a', 0, 0],
        ['b', 0, 1],
      ],
      funcs: [
        { type: 0, code: [] },
        { type: 0, code: loop(br(0)) },
      ],
    }),
    manifest: { entry: 'a', capabilities: [] },
    reasons: [],
    flags: ['COST_BOUNDED'],
  },
  {
    name: 'fill of unknown length',
    wasm: build({
      types: [[[I32], []]],
      exports: [['run', 0, 0]],
      memories: [[0, 1]],
      funcs: [{ type: 0, code: [...i32(0), ...i32(0), ...get(0), 0xfc, 11, 0] }],
    }),
    policy: { maximumCost: '4294967290' },
    reasons: ['COST'],
  },
  {
    name: 'fill of known length',
    wasm: build({
      types: [[[I32], []]],
      exports: [['run', 0, 0]],
      memories: [[0, 1]],
      funcs: [{ type: 0, code: [...i32(0), ...i32(0), ...i32(500), 0xfc, 11, 0] }],
    }),
    policy: { maximumCost: '510' },
    reasons: [],
  },
  {
    name: 'data counts towards instantiation',
    wasm: build({ memories: [[0, 1]], data: [{ offset: i32(0), bytes: new Uint8Array(500) }] }),
    policy: { maximumCost: '500' },
    reasons: ['COST'],
  },
];

export const FLOATS: readonly Case[] = [
  {
    name: 'float addition',
    wasm: one([0x43, 0, 0, 0, 0, 0x43, 0, 0, 0, 0, 0x92], DROP),
    reasons: [],
    flags: ['FLOAT_NAN'],
  },
  {
    name: 'float square root',
    wasm: one([0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x9f], DROP),
    reasons: [],
    flags: ['FLOAT_NAN'],
  },
  {
    name: 'float negation keeps the bits',
    wasm: one([0x43, 0, 0, 0, 0, 0x8c], DROP),
    reasons: [],
    notFlags: ['FLOAT_NAN'],
  },
  {
    name: 'int to float makes no NaN',
    wasm: one(i32(1), [0xb2], DROP),
    reasons: [],
    notFlags: ['FLOAT_NAN'],
  },
];
