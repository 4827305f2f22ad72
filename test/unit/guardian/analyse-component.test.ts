/** Where decoding a component stops, to the byte, and what a verdict says of one that is whole. */
import { parse } from '@bytecodealliance/jco';
import { describe, expect, it } from 'vitest';
import { decodeComponent, emptyComponent } from '../../../enclave/guardian/component.ts';
import { createGuardian } from '../../../enclave/guardian/create-guardian.ts';
import type { ModuleManifest } from '../../../enclave/guardian/guardian.ts';
import { DEFAULT_POLICY, type GuardianPolicy } from '../../../enclave/guardian/policy.ts';
import { Stop } from '../../../enclave/guardian/reader.ts';
import { authority } from './authority.ts';
import { name, PREAMBLE, section } from './build.ts';

type Bytes = readonly number[];

const COMPONENT = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];
const one = (id: number, ...item: Bytes) => section(id, [1, ...item]);

/** Undefined, or why and at which byte after the preamble it stopped. */
function stop(...sections: readonly Bytes[]): string | undefined {
  try {
    decodeComponent(Uint8Array.from([...COMPONENT, ...sections.flat()]), emptyComponent());
    return undefined;
  } catch (error) {
    if (error instanceof Stop) return `${error.kind} ${error.offset - COMPONENT.length}`;
    throw error;
  }
}

describe('an item of a component', () => {
  const MODULE = section(1, PREAMBLE);

  const ITEMS: readonly (readonly [name: string, id: number, item: Bytes])[] = [
    ['a core instance of a module', 2, [0, 0, 2, 0, 0x12, 0, 0, 0x12, 0]],
    ['a core instance of exports', 2, [1, 2, 0, 0, 0, 0, 0, 0]],
    ['an instance of a component', 5, [0, 0, 2, 0, 1, 0, 0, 5, 0]],
    ['an instance of exports', 5, [1, 2, 0, 0, 1, 0, 1, 0, 5, 0]],
    ['an alias of an export', 6, [1, 0, 7, ...name('a')]],
    ['an alias of a core export', 6, [0, 0x10, 1, 7, ...name('a')]],
    ['an alias of something outside', 6, [3, 2, 0, 7]],
    ['an import of a function', 10, [0, ...name('a'), 1, 7]],
    ['an import by the other form of a name', 10, [1, ...name('a'), 5, 7]],
    ['an import of an equal type', 10, [0, ...name('a'), 3, 0, 7]],
    ['an import of a resource', 10, [0, ...name('a'), 3, 1]],
    ['an export', 11, [0, ...name('a'), 1, 7, 0]],
    ['an export of a type that is given', 11, [0, ...name('a'), 1, 7, 1, 1, 7]],
  ];

  it.each(ITEMS)('is %s, no shorter and no longer', (_, id, item) => {
    expect(stop(one(id, ...item))).toBeUndefined();
    expect(stop(one(id, ...item), one(id, ...item))).toBeUndefined();
    // A byte behind it belongs to nothing.
    expect(stop(one(id, ...item, 0))).toBe(`MALFORMED ${3 + item.length}`);
    for (let cut = 0; cut < item.length; cut++) {
      expect(stop(one(id, ...item.slice(0, cut)))).toMatch(/^MALFORMED /);
    }
  });

  it.each<[string, Bytes, string]>([
    ['more arguments than bytes', one(2, 0, 0, 2, 0, 0x12, 0, 0, 0x12), 'MALFORMED 6'],
    ['more core exports than bytes', one(2, 1, 2, 0, 0, 0, 0, 0), 'MALFORMED 5'],
    ['more instance arguments than bytes', one(5, 0, 0, 2, 0, 1, 0, 0, 1), 'MALFORMED 6'],
    ['more instance exports than bytes', one(5, 1, 2, 0, 0, 1, 0, 0, 0, 1), 'MALFORMED 5'],
    ['a core argument that is no instance', one(2, 0, 0, 1, 0, 0x11, 0), 'MALFORMED 8'],
    ['a core instance of no form', one(2, 2), 'MALFORMED 4'],
    ['an instance of no form', one(5, 2), 'MALFORMED 4'],
    ['an alias of no target', one(6, 1, 3, 0, 0), 'MALFORMED 5'],
    ['an alias two components out', one(6, 3, 2, 1, 0), 'INVALID 6'],
    ['a sort that does not exist', one(6, 6, 0, 0, 0), 'MALFORMED 4'],
    ['a name with options', one(10, 2, 0, 1, 0), 'FEATURE 4'],
    ['a name of no form', one(10, 3, 0, 1, 0), 'MALFORMED 4'],
    ['a value', one(10, 0, 0, 2, 0), 'FEATURE 6'],
    ['an ascription of no form', one(11, 0, 0, 1, 0, 2), 'MALFORMED 8'],
    ['more items than bytes', section(10, [2, 0]), 'MALFORMED 3'],
    ['no items, and a byte', section(10, [0, 0]), 'MALFORMED 3'],
    ['a start function', section(9, [0]), 'FEATURE 2'],
    ['a section of values', section(12, [0]), 'FEATURE 2'],
    ['a section that does not exist', section(13, [0]), 'MALFORMED 2'],
    ['a section longer than the rest', [2, 2, 0], 'MALFORMED 2'],
    ['a section without a size', [2], 'MALFORMED 1'],
    ['a custom section without a name', section(0, []), 'MALFORMED 2'],
    ['a module of another version', section(1, [0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]), 'MALFORMED 7'],
    ['a component of another layer', section(4, PREAMBLE), 'MALFORMED 7'],
    ['a component that is cut', section(4, COMPONENT.slice(0, 7)), 'MALFORMED 9'],
  ])('is not %s', (_, bytes, expected) => {
    expect(stop(bytes)).toBe(expected);
  });

  it('of a kind that defines nothing here is left to the authority', () => {
    for (const id of [3, 7, 8]) {
      expect(stop(section(id, [1, 0xff, 0xff]))).toBeUndefined();
      expect(stop(section(id, [4, 0xff, 0xff]))).toBe('MALFORMED 3');
    }
  });

  it('is counted in its own component', () => {
    const counted = (...sections: readonly Bytes[]) => {
      const info = emptyComponent();
      decodeComponent(Uint8Array.from([...COMPONENT, ...sections.flat()]), info);
      return info;
    };
    const inner = section(4, [...COMPONENT, ...MODULE, ...one(2, 0, 0, 0)]);
    const outer = counted(inner, one(5, 0, 0, 0), one(5, 0, 0, 0), section(0, [...name('ab'), 1]));
    expect(outer.modules.map(({ instances }) => instances)).toEqual([2]);
    expect([outer.customSections, outer.customBytes]).toEqual([1, 4]);
    // Depth, id and number of items of each.
    const records = Array.from({ length: outer.sections.length / 5 }, (_, at) =>
      outer.sections.slice(5 * at, 5 * at + 5),
    ).map(([depth, id, , , count]) => [depth, id, count]);
    expect(records).toEqual([
      [0, 4, 0],
      [1, 1, 0],
      [1, 2, 1],
      [0, 5, 1],
      [0, 5, 1],
      [0, 0, 0],
    ]);
    expect(outer.sections.slice(2, 4)).toEqual([10, 10 + 8 + 10 + 6]);
    // Of two components the one that is instantiated counts, and what neither instantiates does not.
    const two = counted(inner, inner, MODULE, one(5, 0, 1, 0));
    expect(two.modules.map(({ instances }) => instances)).toEqual([0, 1, 0]);
    expect([two.opaqueInstances, counted(one(5, 0, 0, 0)).opaqueInstances]).toEqual([false, true]);
    const custom = counted(section(4, [...COMPONENT, ...section(0, name('x'))]));
    expect([custom.customSections, custom.customBytes]).toEqual([1, 2]);
  });

  it('by another index is the same thing', () => {
    const counts = (...sections: readonly Bytes[]) => {
      const info = emptyComponent();
      decodeComponent(Uint8Array.from([...COMPONENT, ...sections.flat()]), info);
      return [info.modules.map(({ instances }) => instances), info.opaqueInstances];
    };
    const make = (index: number) => one(2, 0, index, 0);
    const build = (index: number) => one(5, 0, index, 0);
    const holding = section(4, [...COMPONENT, ...MODULE, ...make(0)]);
    // An alias in the same component, of a module and of a component.
    expect(counts(MODULE, one(6, 0, 0x11, 2, 0, 0), make(1))).toEqual([[1], false]);
    expect(counts(holding, one(6, 4, 2, 0, 0), build(1))).toEqual([[1], false]);
    // What an alias names outside is looked for there.
    const taking = section(4, [...COMPONENT, ...one(6, 0, 0x11, 2, 1, 1), ...make(0)]);
    expect(counts(MODULE, MODULE, taking, build(0))).toEqual([[0, 1], false]);
    const asking = section(4, [...COMPONENT, ...one(6, 4, 2, 1, 0), ...build(0)]);
    expect(counts(holding, asking, build(1))).toEqual([[1], false]);
    // A function, a type or an instance is no module and no component.
    for (const sort of [[1], [3], [5], [0, 0x10]]) {
      expect(counts(one(6, ...sort, 2, 0, 0), MODULE, make(0))).toEqual([[1], false]);
      expect(counts(one(6, ...sort, 2, 0, 0), holding, build(0))).toEqual([[1], false]);
      expect(counts(one(11, 0, ...name('a'), ...sort, 0, 0), MODULE, make(0))).toEqual([
        [1],
        false,
      ]);
      expect(counts(one(11, 0, ...name('a'), ...sort, 0, 0), holding, build(0))).toEqual([
        [1],
        false,
      ]);
    }
    for (const type of [
      [1, 0],
      [3, 1],
      [5, 0],
    ]) {
      expect(counts(one(10, 0, ...name('a'), ...type), MODULE, make(0))).toEqual([[1], false]);
      expect(counts(one(10, 0, ...name('a'), ...type), holding, build(0))).toEqual([[1], false]);
    }
    expect(counts(one(10, 0, ...name('a'), 4, 0), holding, build(1))).toEqual([[1], false]);
    expect(counts(one(10, 0, ...name('a'), 0, 0x11, 0), MODULE, make(1))).toEqual([[1], false]);
  });
});

const NONE: ModuleManifest = { capabilities: [] };

async function judge(
  text: string,
  manifest = NONE,
  policy: Partial<GuardianPolicy> = {},
  limits: Partial<GuardianPolicy['limits']> = {},
) {
  const all = { ...DEFAULT_POLICY, ...policy, limits: { ...DEFAULT_POLICY.limits, ...limits } };
  const wasm = await parse(`(component ${text})`);
  return createGuardian({ authority }, { policy: all }).judge(wasm, manifest);
}

describe('the verdict on a component', () => {
  const TEXT = `
    (core module (memory 2) (table 3 funcref) (func) (func nop) (data (i32.const 0) "abc"))
    (core instance (instantiate 0))
    (core instance (instantiate 0))
    (core module (memory 1) (func (drop (i32.const 1))) (data "de"))
    (import "wasi:io/error@0.2.0" (instance))
    (export "x" (core module 0))
    (@custom "note" "12345")`;

  it('states sums over its instances', async () => {
    const { facts, reasons, flags } = await judge(TEXT, { capabilities: ['wasi:io/error'] });
    expect(reasons).toEqual([]);
    expect(facts).toEqual({
      kind: 'component',
      bytes: expect.any(Number),
      modules: 2,
      moduleInstances: 2,
      // A module that is not instantiated is compiled all the same.
      functions: 2 * 2 + 1,
      imports: 1,
      exports: 1,
      memoryPages: 4,
      tableEntries: 6,
      customSections: 1,
      customBytes: 10,
      instructions: 1 + 2 + 3,
      dataBytes: 5,
      highEntropyWindows: 0,
    });
    expect(flags).toEqual(['COST_UNBOUNDED', 'STACK_UNBOUNDED']);
    const { flags: pure } = await judge('(core module)');
    expect(pure).toEqual(['COST_UNBOUNDED', 'PURE', 'STACK_UNBOUNDED']);
  });

  it.each<[keyof GuardianPolicy['limits'], number, string]>([
    ['functions', 5, 'FUNCTION_LIMIT'],
    ['memoryPages', 4, 'MEMORY_LIMIT'],
    ['tableEntries', 6, 'TABLE_LIMIT'],
    ['imports', 1, 'IMPORT_COUNT'],
    ['customSections', 1, 'CUSTOM_SECTION'],
    ['customBytes', 10, 'CUSTOM_SECTION'],
  ])('holds %s to %s', async (limit, value, reason) => {
    const granted = { capabilities: ['wasi:io/error'] };
    expect((await judge(TEXT, granted, {}, { [limit]: value })).reasons).toEqual([]);
    expect((await judge(TEXT, granted, {}, { [limit]: value - 1 })).reasons).toEqual([reason]);
  });

  it('claims no bound, so that a policy that wants one refuses it', async () => {
    const reasons = async (policy: Partial<GuardianPolicy>) =>
      (await judge('', NONE, policy)).reasons;
    expect(await reasons({ maximumCost: '18446744073709551614' })).toEqual(['COST']);
    expect(await reasons({ maximumStackSlots: 0xffff_ffff })).toEqual(['STACK']);
  });

  it('takes only what the manifest grants, and little of it in a deterministic run', async () => {
    const reasons = async (item: string, capabilities: readonly string[], deterministic = false) =>
      (await judge(item, { capabilities, deterministic })).reasons;
    const imported = (of: string) => `(import "${of}@0.2.0" (instance))`;
    for (const of of ['io/error', 'io/streams', 'cli/stdin', 'cli/stdout', 'cli/exit', 'cli/run']) {
      const text = imported(`wasi:${of}`);
      expect(await reasons(text, [`wasi:${of}`], true)).toEqual([]);
      expect(await reasons(text, [])).toEqual(['CAPABILITY']);
    }
    for (const of of ['io/poll', 'cli/stderr', 'cli/environment', 'random/random']) {
      expect(await reasons(imported(`wasi:${of}`), [`wasi:${of}`])).toEqual([]);
      expect(await reasons(imported(`wasi:${of}`), [`wasi:${of}`], true)).toEqual(['CAPABILITY']);
    }
    const plain = '(import "a" (instance))';
    expect(await reasons(plain, ['a'])).toEqual(['IMPORT_MODULE']);
    const bare = '(import "wasi:io/error@0.2.0" (func))';
    expect(await reasons(bare, ['wasi:io/error'])).toEqual(['IMPORT_NAME']);
    const inner = '(import "wasi:io/error@0.2.0" (component))';
    expect(await reasons(inner, ['wasi:io/error'])).toEqual(['IMPORT_KIND']);
    const resource = '(import "r" (type (sub resource)))';
    expect(await reasons(resource, [])).toEqual(['IMPORT_KIND']);
    const equal = '(type u32) (import "t" (type (eq 0)))';
    expect(await reasons(equal, [])).toEqual([]);
  });

  it('wants an entry that can be called', async () => {
    const reasons = async (text: string, entry: string) =>
      (await judge(text, { entry, capabilities: [] })).reasons;
    const instance = '(instance) (export "wasi:cli/run@0.2.0" (instance 0))';
    expect(await reasons(instance, 'wasi:cli/run')).toEqual([]);
    expect(await reasons(instance, 'wasi:cli/run@0.2.0')).toEqual([]);
    expect(await reasons(instance, 'wasi:cli/run@0.2.1')).toEqual(['EXPORT_MISSING']);
    expect(await reasons(instance, 'wasi:cli')).toEqual(['EXPORT_MISSING']);
    expect(await reasons('(type u32) (export "run" (type 0))', 'run')).toEqual(['EXPORT_KIND']);
    expect(await reasons('(core module) (export "run" (core module 0))', 'run')).toEqual([
      'EXPORT_KIND',
    ]);
  });

  it('looks into every module', async () => {
    const noise = Array.from(
      { length: 1024 },
      (_, at) => `\\${(at % 256).toString(16).padStart(2, '0')}`,
    );
    const data = `(core module (data "${noise.join('')}"))`;
    const { facts, flags } = await judge(data + data);
    expect([facts.highEntropyWindows, facts.dataBytes]).toEqual([2, 2048]);
    expect(flags).toContain('HIGH_ENTROPY_DATA');
    const nan = '(core module) (core module (func (drop (f32.sqrt (f32.const 1)))))';
    expect((await judge(nan)).flags).toContain('FLOAT_NAN');
    const wide = '(core module (func (local i32 i32)))';
    expect((await judge(wide, NONE, {}, { locals: 1 })).reasons).toEqual(['LOCALS']);
    const start = '(core module (func) (start 0))';
    expect((await judge(start)).flags).toContain('START_FUNCTION');
    const strict = { startFunction: 'reject' } as const;
    expect((await judge(start, NONE, strict)).reasons).toEqual(['START_FUNCTION']);
    const open = '(import "wasi:io/error@0.2.0" (core module)) (core instance (instantiate 0))';
    expect((await judge(open, { capabilities: ['wasi:io/error'] })).reasons).toEqual([
      'IMPORT_KIND',
    ]);
  });
});
