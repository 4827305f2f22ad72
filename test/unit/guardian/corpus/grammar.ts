/** Bytes that are no module, modules that do not validate, and proposals that are off. */
import {
  body,
  build,
  bytes,
  DROP,
  EXTERNREF,
  F64,
  FUNCREF,
  get,
  I32,
  I64,
  i32,
  leb,
  NOP,
  name,
  PREAMBLE,
  pure,
  section,
  vec,
} from '../build.ts';
import type { Case } from './case.ts';

const raw = (...parts: number[][]) => bytes(PREAMBLE, ...parts);
const malformed = (title: string, wasm: Uint8Array): Case => ({
  name: title,
  wasm,
  reasons: ['MALFORMED'],
});
const invalid = (title: string, wasm: Uint8Array): Case => ({
  name: title,
  wasm,
  reasons: ['INVALID'],
});
const feature = (title: string, wasm: Uint8Array): Case => ({
  name: title,
  wasm,
  reasons: ['FEATURE'],
});
const TYPE = section(1, vec([[0x60, 0, 0]]));
const ONE = section(3, vec([[0]]));
/** A module of one function () -> () with the given body bytes. */
const code = (...instructions: number[]) =>
  build({ types: [[[], []]], funcs: [{ type: 0, code: instructions }] });
const exact = (content: number[]) =>
  raw(TYPE, ONE, section(10, [1, ...leb(content.length), ...content]));
const withMemory = (...instructions: number[]) =>
  build({ types: [[[], []]], funcs: [{ type: 0, code: instructions }], memories: [[0, 1]] });

export const MALFORMED: readonly Case[] = [
  malformed('empty file', new Uint8Array()),
  malformed('text', new TextEncoder().encode('(module)')),
  malformed('magic cut short', bytes([0, 0x61, 0x73])),
  malformed('version 2', bytes([0, 0x61, 0x73, 0x6d, 2, 0, 0, 0])),
  malformed('section id 14', raw([14, 0])),
  malformed('section longer than the file', raw([1, 5, 0])),
  malformed('section size of six LEB bytes', raw([1, 0x80, 0x80, 0x80, 0x80, 0x80, 0])),
  malformed('section size beyond 32 bits', raw([1, 0x80, 0x80, 0x80, 0x80, 0x10])),
  malformed('section with bytes left over', raw(section(1, [0, 0]))),
  malformed('sections out of order', raw(ONE, TYPE)),
  malformed('type section twice', raw(section(1, [0]), section(1, [0]))),
  malformed('data count after code', raw(section(10, [0]), section(12, [0]))),
  malformed('functions without code', raw(TYPE, ONE)),
  malformed('code without functions', raw(section(10, vec([[2, 0, 0x0b]])))),
  malformed('body cut short', exact([0, 0x41])),
  malformed('body without end', exact([0, 0x01])),
  malformed('bytes after the end', exact([0, 0x0b, 0x01])),
  malformed('opcode 0x27', code(0x27)),
  malformed('opcode 0xff', code(0xff)),
  malformed('prefix 0xfc, sub 99', code(0xfc, 99)),
  malformed('else without if', code(0x05)),
  malformed('block left open', code(0x02, 0x40)),
  malformed('block type 0x41', code(0x02, 0x41, 0x0b)),
  malformed('i32.const of six bytes', code(0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, ...DROP)),
  malformed('i32.const with spare bits', code(0x41, 0xff, 0xff, 0xff, 0xff, 0x4f, ...DROP)),
  malformed('locals beyond 2^32', exact([2, ...leb(0xffff_ffff), I32, ...leb(2), I32, 0x0b])),
  malformed('unknown value type', raw(section(1, vec([[0x60, 1, 0x7a, 0]])))),
  malformed('type form 0x00', raw(section(1, vec([[0x00, 0, 0]])))),
  malformed('import kind 9', raw(section(2, vec([[...name('a'), ...name('b'), 9, 0]])))),
  malformed('import name not UTF-8', raw(section(2, vec([[1, 0xff, ...name('b'), 0, 0]])))),
  malformed(
    'export name overlong UTF-8',
    raw(TYPE, ONE, section(7, vec([[2, 0xc0, 0x80, 0, 0]])), section(10, vec([[2, 0, 0x0b]]))),
  ),
  malformed('limits flag 16', raw(section(5, vec([[16, 1]])))),
  malformed('mutability 7', raw(section(6, vec([[I32, 7, ...i32(0), 0x0b]])))),
  malformed('vector longer than its section', raw(section(1, [100, 0x60, 0, 0]))),
  malformed(
    'data count differs from data',
    raw(section(5, vec([[0, 1]])), section(12, [2]), section(11, vec([[0, ...i32(0), 0x0b, 0]]))),
  ),
  malformed(
    'memory.init without data count',
    build({
      types: [[[], []]],
      funcs: [{ type: 0, code: [...i32(0), ...i32(0), ...i32(0), 0xfc, 8, 0, 0] }],
      memories: [[0, 1]],
      data: [{ bytes: [1] }],
    }),
  ),
  malformed('custom section without a name', raw([0, 0])),
  malformed('custom name longer than its section', raw([0, 2, 5, 0x61])),
  malformed(
    'element kind 1',
    raw(section(4, vec([[FUNCREF, 0, 1]])), section(9, vec([[1, 1, 0]]))),
  ),
  malformed('element flags 8', raw(section(9, vec([[8, 0]])))),
];

export const INVALID: readonly Case[] = [
  invalid('type index out of range', build({ types: [], funcs: [{ type: 3, code: [] }] })),
  invalid('missing result', build({ types: [[[], [I32]]], funcs: [{ type: 0, code: [] }] })),
  invalid(
    'wrong operand type',
    build({ types: [[[], [I32]]], funcs: [{ type: 0, code: [0x42, 0, 0x45] }] }),
  ),
  invalid('operand left on the stack', code(...i32(1))),
  invalid('add on an empty stack', code(0x6a, ...DROP)),
  invalid('call of a function that is not there', code(0x10, 7)),
  invalid('local that is not there', code(0x20, 3, ...DROP)),
  invalid('global that is not there', code(0x23, 0, ...DROP)),
  invalid('label that is not there', code(0x0c, 4)),
  invalid('br_table with a label that is not there', code(...i32(0), 0x0e, 1, 9, 0)),
  invalid('load without a memory', code(...i32(0), 0x28, 2, 0, ...DROP)),
  invalid('alignment above natural', withMemory(...i32(0), 0x28, 3, 0, ...DROP)),
  invalid('call_indirect without a table', code(...i32(0), 0x11, 0, 0)),
  invalid(
    'set of an immutable global',
    build({
      types: [[[], []]],
      funcs: [{ type: 0, code: [...i32(1), 0x24, 0] }],
      globals: [[I32, 0, ...i32(0), 0x0b]],
    }),
  ),
  invalid(
    'duplicate export',
    build({
      types: [[[], []]],
      funcs: [{ type: 0, code: [] }],
      exports: [
        ['a', 0, 0],
        ['a', 0, 0],
      ],
    }),
  ),
  invalid('export of a function that is not there', build({ exports: [['a', 0, 0]] })),
  invalid('export of a memory that is not there', build({ exports: [['a', 2, 0]] })),
  invalid(
    'start function with a parameter',
    build({ types: [[[I32], []]], funcs: [{ type: 0, code: [] }], start: 0 }),
  ),
  invalid('start function that is not there', build({ start: 2 })),
  invalid('minimum above maximum', build({ memories: [[1, 3, 2]] })),
  invalid('global initialised by an instruction', build({ globals: [[I32, 0, 0x20, 0, 0x0b]] })),
  invalid('global initialised with another type', build({ globals: [[I32, 0, 0x42, 0, 0x0b]] })),
  invalid('data without a memory', build({ data: [{ offset: i32(0), bytes: [1] }] })),
  invalid(
    'elements without a table',
    build({
      types: [[[], []]],
      funcs: [{ type: 0, code: [] }],
      elements: [[0, ...i32(0), 0x0b, 1, 0]],
    }),
  ),
  invalid(
    'element names a function that is not there',
    build({ tables: [[FUNCREF, 0, 1]], elements: [[0, ...i32(0), 0x0b, 1, 5]] }),
  ),
  invalid('ref.func of an undeclared function', code(0xd2, 0, ...DROP)),
  invalid(
    'select of references without a type',
    code(0xd0, EXTERNREF, 0xd0, EXTERNREF, ...i32(0), 0x1b, ...DROP),
  ),
  invalid(
    'funcref stored in a table of externref',
    build({
      types: [[[], []]],
      funcs: [{ type: 0, code: [...i32(0), 0xd0, FUNCREF, 0x26, 0] }],
      tables: [[EXTERNREF, 0, 1]],
    }),
  ),
  {
    name: 'memory of 65,537 pages',
    wasm: build({ memories: [[0, ...leb(65_537)]] }),
    reasons: ['INVALID', 'MEMORY_LIMIT'],
  },
];

export const FEATURES: readonly Case[] = [
  feature('SIMD instruction', code(0xfd, 0x0c, ...new Array(16).fill(0), ...DROP)),
  feature('relaxed SIMD', code(0xfd, 0x80, 0x02, ...DROP)),
  feature('v128 parameter', build({ types: [[[0x7b], []]] })),
  feature(
    'v128 local',
    build({ types: [[[], []]], funcs: [{ type: 0, locals: [[1, 0x7b]], code: [] }] }),
  ),
  feature(
    'v128 global',
    build({ globals: [[0x7b, 0, 0xfd, 0x0c, ...new Array(16).fill(0), 0x0b]] }),
  ),
  feature('atomic instruction', withMemory(0xfe, 0x03, 0x00)),
  feature('shared memory', build({ memories: [[3, 1, 1]] })),
  feature('64-bit memory', build({ memories: [[4, 1]] })),
  feature('64-bit table', build({ tables: [[FUNCREF, 4, 1]] })),
  feature('custom page size', build({ memories: [[8, 1, 0]] })),
  feature('tail call', code(0x12, 0)),
  feature('indirect tail call', code(...i32(0), 0x13, 0, 0)),
  feature('call_ref', code(0x14, 0)),
  feature('legacy try', code(0x06, 0x40, 0x0b)),
  feature('throw', code(0x08, 0)),
  feature('try_table', code(0x1f, 0x40, 0, 0x0b)),
  feature('tag section', raw(TYPE, section(13, vec([[0, 0]])))),
  feature('tag import', raw(TYPE, section(2, vec([[...name('a'), ...name('b'), 4, 0, 0]])))),
  feature('struct type', raw(section(1, vec([[0x5f, 0]])))),
  feature('recursive type group', raw(section(1, vec([[0x4e, 1, 0x60, 0, 0]])))),
  feature('struct.new', code(0xfb, 0, 0, ...DROP)),
  feature('ref.i31', code(...i32(0), 0xfb, 0x1c, ...DROP)),
  // wasmparser reads the long form of funcref as funcref; the own decoder does not: refused.
  {
    name: 'long form of a reference type',
    wasm: raw(section(1, vec([[0x60, 1, 0x63, 0x70, 0]]))),
    reasons: ['FEATURE', 'PARSER_DISAGREEMENT'],
  },
  feature('ref.as_non_null', code(0xd0, FUNCREF, 0xd4, ...DROP)),
  feature(
    'table with an initial value',
    raw(section(4, vec([[0x40, 0, FUNCREF, 0, 1, 0xd0, FUNCREF, 0x0b]]))),
  ),
  feature(
    'extended constant expression',
    build({ globals: [[I32, 0, ...i32(1), ...i32(2), 0x6a, 0x0b]] }),
  ),
  feature(
    'wide arithmetic',
    code(...new Array(4).fill([0x42, 0]).flat(), 0xfc, 19, ...DROP, ...DROP),
  ),
  feature('stack switching', code(0xe0, 0)),
  feature(
    'memory.copy between memories',
    withMemory(...i32(0), ...i32(0), ...i32(0), 0xfc, 10, 1, 0),
  ),
  feature('load from memory 1', withMemory(...i32(0), 0x28, 0x42, 1, 0, ...DROP)),
  {
    name: 'two memories',
    wasm: build({
      memories: [
        [0, 1],
        [0, 1],
      ],
    }),
    reasons: ['FEATURE'],
  },
];

/** Each allowed feature in use. */
export const VALID: readonly Case[] = [
  { name: 'empty module', wasm: build({}), reasons: [], flags: ['PURE', 'COST_BOUNDED'] },
  { name: 'sign extension', wasm: code(...i32(200), 0xc0, ...DROP), reasons: [] },
  {
    name: 'saturating conversion',
    wasm: build({
      types: [[[], []]],
      funcs: [{ type: 0, code: [0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0xfc, 2, ...DROP] }],
    }),
    reasons: [],
  },
  {
    name: 'multi-value block',
    wasm: build({
      types: [
        [[], []],
        [[I32], [I32, I64]],
      ],
      funcs: [{ type: 0, code: [...i32(1), 0x02, 1, 0x42, 5, 0x0b, ...DROP, ...DROP] }],
    }),
    reasons: [],
  },
  {
    name: 'bulk memory',
    wasm: withMemory(...i32(0), ...i32(0), ...i32(9), 0xfc, 11, 0),
    reasons: [],
  },
  {
    name: 'passive data and memory.init',
    wasm: build({
      types: [[[], []]],
      funcs: [{ type: 0, code: [...i32(0), ...i32(0), ...i32(1), 0xfc, 8, 0, 0, 0xfc, 9, 0] }],
      memories: [[0, 1]],
      dataCount: 1,
      data: [{ bytes: [1] }],
    }),
    reasons: [],
  },
  {
    name: 'reference types',
    wasm: build({
      types: [[[], []]],
      funcs: [{ type: 0, code: [0xd0, EXTERNREF, 0xd1, ...DROP, ...i32(0), 0x25, 0, ...DROP] }],
      tables: [
        [EXTERNREF, 0, 1],
        [FUNCREF, 0, 1],
      ],
    }),
    reasons: [],
  },
  {
    name: 'table.grow, table.size, table.fill',
    wasm: build({
      types: [[[], []]],
      funcs: [
        {
          type: 0,
          code: [
            0xd0,
            FUNCREF,
            ...i32(1),
            0xfc,
            15,
            0,
            ...DROP,
            0xfc,
            16,
            0,
            ...DROP,
            ...i32(0),
            0xd0,
            FUNCREF,
            ...i32(0),
            0xfc,
            17,
            0,
          ],
        },
      ],
      tables: [[FUNCREF, 0, 1]],
    }),
    reasons: [],
  },
  {
    name: 'exported mutable global',
    wasm: build({
      globals: [[F64, 1, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b]],
      exports: [['g', 3, 0]],
    }),
    reasons: [],
  },
  { name: 'unreachable code after return', wasm: code(0x0f, 0x6a, ...DROP), reasons: [] },
  { name: 'nop in a function', wasm: code(...NOP), reasons: [] },
  { name: 'overlong but legal LEB', wasm: exact([0x80, 0x00, 0x0b]), reasons: [] },
  {
    name: 'empty sections',
    wasm: raw(
      section(1, [0]),
      section(2, [0]),
      section(3, [0]),
      section(10, [0]),
      section(11, [0]),
    ),
    reasons: [],
  },
  {
    name: 'body() and build() agree',
    wasm: raw(TYPE, ONE, section(10, [1, ...body({ type: 0, code: [...get(0).slice(0, 0)] })])),
    reasons: [],
  },
  {
    name: 'guest ABI pure',
    wasm: pure(),
    manifest: { entry: 'nmp_run', capabilities: [], deterministic: true },
    reasons: [],
    flags: ['PURE', 'COST_BOUNDED', 'STACK_BOUNDED'],
    notFlags: ['FLOAT_NAN', 'DEAD_CODE'],
  },
];
