/** Each limit at its edge and one beyond, segments, start functions and custom sections. */
import { DEFAULT_POLICY } from '../../../../enclave/guardian/policy.ts';
import {
  block,
  build,
  bytes,
  DROP,
  FUNCREF,
  I32,
  i32,
  leb,
  NOP,
  PREAMBLE,
  pure,
  section,
  vec,
} from '../build.ts';
import { type Case, ENTRY } from './case.ts';

const memory = (...limits: number[]) => build({ memories: [limits] });
const table = (...limits: number[]) => build({ tables: [[FUNCREF, ...limits]] });
const functions = (count: number) =>
  build({
    types: [[[], []]],
    funcs: Array.from({ length: count }, () => ({ type: 0, code: [] })),
  });
const params = (count: number) => build({ types: [[new Array<number>(count).fill(I32), []]] });
const results = (count: number) => build({ types: [[[], new Array<number>(count).fill(I32)]] });
const locals = (count: number) =>
  build({ types: [[[], []]], funcs: [{ type: 0, locals: [[count, I32]], code: [] }] });
const nested = (depth: number) => {
  const open = Array.from({ length: depth }, () => [0x02, 0x40]).flat();
  return build({
    types: [[[], []]],
    funcs: [{ type: 0, code: [...open, ...new Array<number>(depth).fill(0x0b)] }],
  });
};
const brTable = (targets: number) =>
  build({
    types: [[[], []]],
    funcs: [
      {
        type: 0,
        code: [...i32(0), 0x0e, ...leb(targets), ...new Array<number>(targets + 1).fill(0)],
      },
    ],
  });
const customs = (count: number, size: number) =>
  build({ customs: Array.from({ length: count }, () => ['x', new Uint8Array(size)] as const) });
const data = (offset: number, length: number, pages = 1) =>
  build({
    memories: [[0, pages]],
    data: [{ offset: i32(offset), bytes: new Array<number>(length).fill(1) }],
  });
const elements = (offset: number, length: number) =>
  build({
    types: [[[], []]],
    funcs: [{ type: 0, code: [] }],
    tables: [[FUNCREF, 0, 4]],
    elements: [[0, ...i32(offset), 0x0b, ...leb(length), ...new Array<number>(length).fill(0)]],
  });
const starting = build({ types: [[[], []]], funcs: [{ type: 0, code: NOP }], start: 0 });
/** 9 MB of functions whose compilation takes 12 s and no fuel. */
const bomb = () => {
  const count = 49_999;
  const code = Array.from({ length: 60 }, () => [...i32(1), ...DROP]).flat();
  const content = [...leb(code.length + 2), 0, ...code, 0x0b];
  const bodies = Buffer.alloc(content.length * count, Buffer.from(content));
  const header = leb(count);
  return bytes(
    PREAMBLE,
    section(1, vec([[0x60, 0, 0]])),
    section(3, [...leb(count), ...new Array<number>(count).fill(0)]),
    [10, ...leb(bodies.length + header.length), ...header],
    bodies,
  );
};

export const LIMITS: readonly Case[] = [
  { name: '800 pages', wasm: memory(0, ...leb(800)), reasons: [] },
  { name: '801 pages', wasm: memory(0, ...leb(801)), reasons: ['MEMORY_LIMIT'] },
  { name: '4 GiB of memory', wasm: memory(0, ...leb(65_536)), reasons: ['MEMORY_LIMIT'] },
  {
    name: 'second memory of 4 GiB',
    wasm: build({
      memories: [
        [0, 1],
        [0, ...leb(65_536)],
      ],
    }),
    reasons: ['FEATURE', 'MEMORY_LIMIT'],
  },
  {
    name: '64-bit memory of 2^48 pages',
    wasm: memory(4, ...leb(2 ** 48)),
    reasons: ['FEATURE', 'MEMORY_LIMIT'],
  },
  {
    name: 'maximum of 4 GiB, capped',
    wasm: memory(1, 1, ...leb(65_536)),
    reasons: [],
    flags: ['MEMORY_LIMIT'],
  },
  {
    name: 'maximum of 4 GiB, refused',
    wasm: memory(1, 1, ...leb(65_536)),
    policy: { declaredMaximum: 'reject' },
    reasons: ['MEMORY_LIMIT'],
  },
  {
    name: 'maximum at the limit',
    wasm: memory(1, 1, ...leb(800)),
    reasons: [],
    notFlags: ['MEMORY_LIMIT'],
  },
  { name: 'table of 100,000', wasm: table(0, ...leb(100_000)), reasons: [] },
  { name: 'table of 100,001', wasm: table(0, ...leb(100_001)), reasons: ['TABLE_LIMIT'] },
  {
    name: 'two tables over the limit together',
    wasm: build({
      tables: [
        [FUNCREF, 0, ...leb(60_000)],
        [FUNCREF, 0, ...leb(60_000)],
      ],
    }),
    reasons: ['TABLE_LIMIT'],
  },
  { name: 'table of ten million', wasm: table(0, ...leb(10_000_000)), reasons: ['TABLE_LIMIT'] },
  {
    name: 'table maximum beyond the limit',
    wasm: table(1, 1, ...leb(1_000_000)),
    reasons: [],
    flags: ['TABLE_LIMIT'],
  },
  { name: '20,000 functions', wasm: functions(20_000), reasons: [] },
  { name: '20,001 functions', wasm: functions(20_001), reasons: ['FUNCTION_LIMIT'] },
  { name: 'compile bomb', wasm: bomb(), reasons: ['COST', 'FUNCTION_LIMIT'] },
  { name: '100 parameters', wasm: params(100), reasons: [] },
  { name: '101 parameters', wasm: params(101), reasons: ['TYPE_LIMIT'] },
  { name: '1,001 parameters', wasm: params(1001), reasons: ['INVALID', 'TYPE_LIMIT'] },
  { name: '101 results', wasm: results(101), reasons: ['TYPE_LIMIT'] },
  { name: '50,000 locals', wasm: locals(50_000), reasons: [] },
  { name: '50,001 locals', wasm: locals(50_001), reasons: ['INVALID', 'LOCALS'] },
  { name: '4 billion locals', wasm: locals(0xffff_fffe), reasons: ['INVALID', 'LOCALS'] },
  {
    name: 'more locals than a stricter policy',
    wasm: locals(11),
    policy: strict({ locals: 10 }),
    reasons: ['LOCALS'],
  },
  { name: '1,024 blocks deep', wasm: nested(1024), reasons: [] },
  { name: '1,025 blocks deep', wasm: nested(1025), reasons: ['NESTING'] },
  { name: '100,000 blocks deep', wasm: nested(100_000), reasons: ['NESTING'] },
  { name: 'br_table of 65,520', wasm: brTable(65_520), reasons: [] },
  { name: 'br_table of 65,521', wasm: brTable(65_521), reasons: ['NESTING'] },
  { name: '16 custom sections', wasm: customs(16, 10), reasons: [] },
  { name: '17 custom sections', wasm: customs(17, 10), reasons: ['CUSTOM_SECTION'] },
  {
    name: '17 custom sections, allowed',
    wasm: customs(17, 10),
    policy: { customSections: 'flag' },
    reasons: [],
    flags: ['CUSTOM_SECTION'],
  },
  { name: '20,000 custom sections', wasm: customs(20_000, 1), reasons: ['CUSTOM_SECTION'] },
  {
    name: 'custom section over 1 MiB',
    wasm: customs(1, 1024 * 1024),
    reasons: ['COST', 'CUSTOM_SECTION'],
  },
  {
    name: 'custom section of 32 MB',
    wasm: customs(1, 32 * 1024 * 1024),
    reasons: ['COST', 'CUSTOM_SECTION'],
  },
  {
    name: 'module above the admission size',
    wasm: build({ memories: [[0, 1]], data: [{ bytes: new Uint8Array(1024 * 1024) }] }),
    reasons: ['COST'],
  },
  {
    name: 'larger module where the policy admits it',
    wasm: build({ memories: [[0, 1]], data: [{ bytes: new Uint8Array(1024 * 1024) }] }),
    policy: strict({ moduleBytes: 4 * 1024 * 1024 }),
    reasons: [],
  },
  { name: 'data at the very end of memory', wasm: data(65_536 - 4, 4), reasons: [] },
  { name: 'data past the end of memory', wasm: data(65_536 - 3, 4), reasons: ['SEGMENT_BOUNDS'] },
  { name: 'data at a negative offset', wasm: data(-1, 1), reasons: ['SEGMENT_BOUNDS'] },
  { name: 'empty data past the end', wasm: data(65_537, 0), reasons: ['SEGMENT_BOUNDS'] },
  { name: 'data in a memory without pages', wasm: data(0, 1, 0), reasons: ['SEGMENT_BOUNDS'] },
  { name: 'elements that fit', wasm: elements(0, 4), reasons: [] },
  { name: 'elements past the end of the table', wasm: elements(1, 4), reasons: ['SEGMENT_BOUNDS'] },
  { name: 'start function', wasm: starting, reasons: [], flags: ['START_FUNCTION'] },
  {
    name: 'start function where the policy refuses',
    wasm: starting,
    policy: { startFunction: 'reject' },
    reasons: ['START_FUNCTION'],
  },
  {
    name: 'start function that loops for ever',
    wasm: build({
      types: [[[], []]],
      funcs: [{ type: 0, code: [0x03, 0x40, 0x0c, 0, 0x0b] }],
      start: 0,
    }),
    reasons: [],
    flags: ['START_FUNCTION', 'COST_UNBOUNDED'],
  },
  {
    name: 'blocks side by side are not nested',
    wasm: build({
      types: [[[], []]],
      funcs: [{ type: 0, code: Array.from({ length: 3000 }, () => block(NOP)).flat() }],
    }),
    reasons: [],
  },
  { name: 'pure module within all limits', wasm: pure(), manifest: ENTRY, reasons: [] },
];

function strict(limits: Partial<(typeof DEFAULT_POLICY)['limits']>) {
  return { limits: { ...DEFAULT_POLICY.limits, ...limits } };
}
