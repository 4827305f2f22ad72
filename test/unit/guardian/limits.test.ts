/** Each limit at its edge under a policy of small numbers, and the facts that a verdict states. */
import { describe, expect, it } from 'vitest';
import { createGuardian } from '../../../enclave/guardian/create-guardian.ts';
import type { ModuleManifest } from '../../../enclave/guardian/guardian.ts';
import { DEFAULT_POLICY, type GuardianPolicy } from '../../../enclave/guardian/policy.ts';
import { authority } from './authority.ts';
import {
  block,
  build,
  bytes,
  DROP,
  EXTERNREF,
  FUNCREF,
  get,
  I32,
  I64,
  i32,
  leb,
  loop,
  type ModuleSpec,
  name,
  PREAMBLE,
  pure,
  section,
} from './build.ts';

const NONE: ModuleManifest = { capabilities: [] };
type Limits = GuardianPolicy['limits'];

function judge(
  wasm: Uint8Array,
  limits: Partial<Limits> = {},
  manifest = NONE,
  policy: Partial<GuardianPolicy> = {},
) {
  const all = { ...DEFAULT_POLICY, ...policy, limits: { ...DEFAULT_POLICY.limits, ...limits } };
  return createGuardian({ authority }, { policy: all }).judge(wasm, manifest);
}
const reasons = (spec: ModuleSpec, limits: Partial<Limits>, policy: Partial<GuardianPolicy> = {}) =>
  judge(build(spec), limits, NONE, policy).reasons;

const fn = { type: 0, code: [] };
const VOID: ModuleSpec['types'] = [[[], []]];
const exit = ['wasi_snapshot_preview1', 'proc_exit', [0, 0]] as const;

describe('a limit', () => {
  it.each<[keyof Limits, number, ModuleSpec, string]>([
    ['memoryPages', 3, { memories: [[0, 3]] }, 'MEMORY_LIMIT'],
    [
      'tableEntries',
      5,
      {
        tables: [
          [FUNCREF, 0, 2],
          [EXTERNREF, 0, 3],
        ],
      },
      'TABLE_LIMIT',
    ],
    ['functions', 2, { types: VOID, funcs: [fn, fn] }, 'FUNCTION_LIMIT'],
    ['params', 2, { types: [[[I32, I64], []]] }, 'TYPE_LIMIT'],
    ['params', 2, { types: [[[], [I32, I64]]] }, 'TYPE_LIMIT'],
    ['imports', 2, { types: [[[I32], []]], imports: [exit, exit] }, 'IMPORT_COUNT'],
    ['locals', 3, { types: VOID, funcs: [{ ...fn, locals: [[3, I32]] }] }, 'LOCALS'],
    ['nesting', 2, { types: VOID, funcs: [{ ...fn, code: block(loop()) }] }, 'NESTING'],
    [
      'brTable',
      2,
      { types: VOID, funcs: [{ ...fn, code: [...i32(0), 0x0e, 2, 0, 0, 0] }] },
      'NESTING',
    ],
    [
      'customSections',
      2,
      {
        customs: [
          ['a', []],
          ['b', []],
        ],
      },
      'CUSTOM_SECTION',
    ],
    [
      'customBytes',
      7,
      {
        customs: [
          ['a', [1]],
          ['bc', [1]],
        ],
      },
      'CUSTOM_SECTION',
    ],
  ])('%s of %s', (limit, value, spec, reason) => {
    expect(reasons(spec, { [limit]: value })).toEqual([]);
    expect(reasons(spec, { [limit]: value - 1 })).toEqual([reason]);
  });

  it('of bytes is refused as cost', () => {
    const { length } = pure();
    expect(judge(pure(), { moduleBytes: length }).reasons).toEqual([]);
    const over = judge(pure(), { moduleBytes: length - 1 });
    expect(over.reasons).toEqual(['COST']);
    // What is refused gets no praise, but all facts.
    expect(over.flags).toEqual([]);
    expect(judge(pure()).flags).toEqual(['COST_BOUNDED', 'PURE', 'STACK_BOUNDED']);
    expect(over.facts).toEqual(judge(pure()).facts);
  });

  it('is not passed by what is imported, and counts what is declared', () => {
    const spec = { types: [[[I32], []]] as const, imports: [exit], funcs: [{ type: 0, code: [] }] };
    expect(reasons(spec, { functions: 1 })).toEqual([]);
    expect(reasons(spec, { functions: 0 })).toEqual(['FUNCTION_LIMIT']);
  });

  it('of a declared maximum flags, or refuses where the policy says so', () => {
    const memory = build({ memories: [[1, 1, 9]] });
    const table = build({ tables: [[FUNCREF, 1, 1, 9]] });
    const at = (wasm: Uint8Array, limit: number, declaredMaximum: 'flag' | 'reject') => {
      const limits = { memoryPages: limit, tableEntries: limit };
      const { reasons: why, flags } = judge(wasm, limits, NONE, { declaredMaximum });
      return [why, flags.filter((flag) => flag.endsWith('_LIMIT'))];
    };
    expect(at(memory, 9, 'reject')).toEqual([[], []]);
    expect(at(memory, 8, 'flag')).toEqual([[], ['MEMORY_LIMIT']]);
    expect(at(memory, 8, 'reject')).toEqual([['MEMORY_LIMIT'], []]);
    expect(at(memory, 0, 'flag')).toEqual([['MEMORY_LIMIT'], []]);
    expect(at(table, 9, 'reject')).toEqual([[], []]);
    expect(at(table, 8, 'flag')).toEqual([[], ['TABLE_LIMIT']]);
    expect(at(table, 8, 'reject')).toEqual([['TABLE_LIMIT'], []]);
    expect(at(table, 0, 'flag')).toEqual([['TABLE_LIMIT'], []]);
    const two = build({
      tables: [
        [FUNCREF, 1, 0, 1],
        [FUNCREF, 1, 0, 9],
      ],
    });
    expect(at(two, 8, 'flag')).toEqual([[], ['TABLE_LIMIT']]);
  });

  it('of customs flags where the policy says so', () => {
    const spec = {
      customs: [
        ['a', []],
        ['b', []],
      ],
    } as const;
    const only = judge(build(spec), { customSections: 1 }, NONE, { customSections: 'flag' });
    expect([only.reasons, only.flags.includes('CUSTOM_SECTION')]).toEqual([[], true]);
    expect(judge(build(spec), { customSections: 2 }).flags).not.toContain('CUSTOM_SECTION');
  });
});

describe('a segment', () => {
  const data = (offset: number, length: number, pages = 1) =>
    reasons(
      { memories: [[0, pages]], data: [{ offset: i32(offset), bytes: new Uint8Array(length) }] },
      {},
    );
  const elements = (offset: number, length: number, size = 4) =>
    reasons(
      {
        types: VOID,
        funcs: [fn],
        tables: [[FUNCREF, 0, size]],
        elements: [[0, ...i32(offset), 0x0b, length, ...new Array<number>(length).fill(0)]],
      },
      {},
    );

  it('ends within what it fills', () => {
    expect(data(0, 65_536)).toEqual([]);
    expect(data(1, 65_536)).toEqual(['SEGMENT_BOUNDS']);
    expect(data(65_536, 0)).toEqual([]);
    expect(data(65_537, 0)).toEqual(['SEGMENT_BOUNDS']);
    expect(data(131_071, 1, 2)).toEqual([]);
    expect(data(131_072, 1, 2)).toEqual(['SEGMENT_BOUNDS']);
    expect(data(0, 0, 0)).toEqual([]);
    expect(elements(0, 4)).toEqual([]);
    expect(elements(2, 2)).toEqual([]);
    expect(elements(3, 2)).toEqual(['SEGMENT_BOUNDS']);
    expect(elements(5, 0)).toEqual(['SEGMENT_BOUNDS']);
  });

  it('at an offset that is not known is the engine’s to judge', () => {
    const global = ['wasi_snapshot_preview1', 'g', [3, I32, 0]] as const;
    const wasm = build({
      imports: [global],
      memories: [[0, 1]],
      data: [{ offset: [0x23, 0], bytes: new Uint8Array(70_000) }],
    });
    expect(judge(wasm).reasons).toEqual(['IMPORT_KIND', 'IMPORT_NAME']);
  });
});

describe('the facts', () => {
  it('of a module are its numbers', () => {
    const wasm = build({
      types: [
        [[], []],
        [[I32], [I32]],
        [[I32], []],
      ],
      imports: [['wasi_snapshot_preview1', 'proc_exit', [0, 2]]],
      funcs: [
        { type: 0, locals: [[3, I32]], code: block(loop(), ...[get(0), [0x0e, 1, 0, 0]]) },
        { type: 1, code: get(0) },
      ],
      tables: [[FUNCREF, 0, 7]],
      memories: [[1, 2, 5]],
      globals: [
        [I32, 0, ...i32(0), 0x0b],
        [I32, 0, ...i32(0), 0x0b],
      ],
      exports: [
        ['memory', 2, 0],
        ['_start', 0, 1],
      ],
      data: [{ offset: i32(0), bytes: new Uint8Array(10) }, { bytes: new Uint8Array(4) }],
      customs: [['note', [1, 2, 3]]],
    });
    const { facts, reasons: why } = judge(wasm, {}, { entry: '_start', capabilities: [] });
    expect(why).toEqual([]);
    expect(facts).toMatchObject({
      kind: 'module',
      bytes: wasm.length,
      abi: 'wasi-p1',
      types: 3,
      functions: 2,
      imports: 1,
      exports: 2,
      globals: 2,
      memoryPages: 2,
      memoryMaximumPages: 5,
      tableEntries: 7,
      customSections: 1,
      customBytes: 8,
      dataBytes: 14,
      highEntropyWindows: 0,
      instructions: 7 + 2,
      loops: 1,
      boundedLoops: 1,
      maxNesting: 2,
      maxBrTable: 1,
      maxLocals: 3,
      maxOperands: 1,
      recursiveFunctions: 0,
      // The import that nothing calls, too.
      deadFunctions: 2,
    });
    expect(judge(build({ memories: [[0, 1]] })).facts.memoryMaximumPages).toBeNull();
    expect(judge(build({})).facts.memoryMaximumPages).toBeNull();
  });

  it('of what does not validate hold no bounds', () => {
    const bad = judge(build({ types: VOID, funcs: [{ type: 0, code: i32(1) }] }));
    expect(bad.reasons).toEqual(['INVALID']);
    expect(bad.facts).toMatchObject({ functions: 1, instructions: 2 });
    expect(bad.facts).not.toHaveProperty('cost');
    const deep = judge(build({ types: VOID, funcs: [{ type: 0, code: block(block()) }] }), {
      nesting: 1,
    });
    expect(deep.facts).not.toHaveProperty('cost');
    expect(judge(bytes(PREAMBLE, [14, 0])).facts).not.toHaveProperty('instructions');
  });

  it('of a module beyond the ceiling come from its headers alone', () => {
    const big = new Uint8Array(10 * 1024 * 1024);
    const code = section(10, leb(3));
    const padded = (...parts: readonly (readonly number[])[]) => {
      const head = [...PREAMBLE, ...parts.flat()];
      const rest = big.length - head.length - 6;
      return bytes(head, [11, ...leb(rest)], new Uint8Array(rest), [0, 1]);
    };
    const wasm = padded(section(0, [...name('a'), 1]), section(0, name('bc')), code);
    expect(wasm.length).toBeGreaterThan(big.length);
    const { facts, reasons: why } = judge(bytes(wasm, [0]), { customSections: 3, functions: 3 });
    expect(facts).toEqual({
      kind: 'module',
      bytes: wasm.length + 1,
      functions: 3,
      customSections: 3,
      customBytes: 3 + 3 + 1,
    });
    expect(why).toEqual(['COST']);
    const of = (limits: Partial<Limits>, policy: Partial<GuardianPolicy> = {}) =>
      judge(bytes(wasm, [0]), { customSections: 3, functions: 3, ...limits }, NONE, policy);
    expect(of({ functions: 2 }).reasons).toEqual(['COST', 'FUNCTION_LIMIT']);
    expect(of({ customSections: 2 }).reasons).toEqual(['COST', 'CUSTOM_SECTION']);
    expect(of({ customBytes: 7 }).reasons).toEqual(['COST']);
    expect(of({ customBytes: 6 }).reasons).toEqual(['COST', 'CUSTOM_SECTION']);
    const flagged = of({ customBytes: 6 }, { customSections: 'flag' });
    expect([flagged.reasons, flagged.flags]).toEqual([['COST'], ['CUSTOM_SECTION']]);
    expect(judge(bytes(wasm, [14, 5])).reasons).toEqual(['COST', 'MALFORMED']);
    const foreign = Uint8Array.from(bytes(wasm, [0]));
    foreign[0] = 1;
    expect(judge(foreign).reasons).toEqual(['COST', 'MALFORMED']);
    const component = Uint8Array.from(bytes(wasm, [0]));
    component.set([0x0d, 0, 1, 0], 4);
    // Section 10 of a component holds imports.
    expect(judge(component, { functions: 0 }).facts).toMatchObject({
      kind: 'component',
      functions: 0,
    });
    expect(judge(component, { functions: 0 }).reasons).toEqual(['COST']);
  });
});

describe('an ABI', () => {
  const abi = (wasm: Uint8Array) => judge(wasm).facts.abi;
  const types = [
    [[], []],
    [[I32], [I32]],
    [[I32, I32], [I64]],
  ] as const;
  const funcs = [
    { type: 0, code: [] },
    { type: 1, code: get(0) },
    { type: 2, code: [0x42, 0] },
  ];
  const of = (...exports: readonly (readonly [string, number, number])[]) =>
    abi(build({ types, funcs, memories: [[0, 1]], exports }));
  const memory = ['memory', 2, 0] as const;

  it('is that of its exports and their types', () => {
    expect(abi(pure())).toBe('pure');
    expect(of(memory, ['nmp_alloc', 0, 1], ['nmp_run', 0, 2])).toBe('pure');
    expect(of(memory, ['nmp_alloc', 0, 0], ['nmp_run', 0, 2])).toBeNull();
    expect(of(memory, ['nmp_alloc', 0, 1], ['nmp_run', 0, 1])).toBeNull();
    expect(of(memory, ['nmp_run', 0, 2])).toBeNull();
    expect(of(memory, ['nmp_alloc', 0, 1])).toBeNull();
    expect(of(['nmp_alloc', 0, 1], ['nmp_run', 0, 2])).toBeNull();
    expect(of(['memory', 0, 0], ['nmp_alloc', 0, 1], ['nmp_run', 0, 2])).toBeNull();
    expect(of(memory, ['_start', 0, 0])).toBe('wasi-p1');
    expect(of(memory, ['_start', 0, 1])).toBeNull();
    expect(of(memory, ['_start', 2, 0])).toBeNull();
    expect(of(['_start', 0, 0])).toBeNull();
    const importing = build({
      types: [...types, [[I32], []]],
      imports: [['wasi_snapshot_preview1', 'proc_exit', [0, 3]]],
      funcs,
      memories: [[0, 1]],
      exports: [memory, ['nmp_alloc', 0, 2], ['nmp_run', 0, 3]],
    });
    expect(abi(importing)).toBeNull();
  });

  it('is held to its types where it is the entry', () => {
    const entry = (wanted: string, ...exports: readonly (readonly [string, number, number])[]) =>
      judge(
        build({ types, funcs, memories: [[0, 1]], exports }),
        {},
        { entry: wanted, capabilities: [] },
      ).reasons;
    expect(entry('nmp_run', ['nmp_run', 0, 2], ['nmp_alloc', 2, 0])).toEqual(['EXPORT_KIND']);
    expect(entry('_start', ['_start', 0, 0], ['nmp_alloc', 0, 0])).toEqual([]);
    expect(entry('_start', ['_start', 0, 0], ['memory', 2, 0])).toEqual([]);
    expect(entry('_start', ['_start', 0, 0], ['memory', 0, 0])).toEqual(['EXPORT_KIND']);
    expect(entry('_initialize', ['_initialize', 0, 1])).toEqual(['EXPORT_TYPE']);
    expect(entry('x', ['memory', 2, 0])).toEqual(['EXPORT_MISSING']);
  });
});

it('a value on the stack is a matter of the authority', () => {
  expect(judge(build({ types: VOID, funcs: [{ type: 0, code: DROP }] })).reasons).toEqual([
    'INVALID',
  ]);
});
