/** Figures of a verdict, exact: fuel, stack, calls, and the places that have no bound. */
import { describe, expect, it } from 'vitest';
import { createGuardian } from '../../../enclave/guardian/create-guardian.ts';
import type { ModuleManifest } from '../../../enclave/guardian/guardian.ts';
import { DEFAULT_POLICY, type GuardianPolicy } from '../../../enclave/guardian/policy.ts';
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
  EXTERNREF,
  FUNCREF,
  type Func,
  get,
  I32,
  i32,
  loop,
  type ModuleSpec,
  pure,
  set,
  tee,
  when,
} from './build.ts';

type Code = readonly number[];

interface Place {
  readonly cause: string;
  readonly function: number;
  readonly offset: number;
}

interface Facts {
  readonly cost: {
    readonly instantiation: string | null;
    readonly total: string | null;
    readonly unbounded: readonly Place[];
  };
  readonly stack: { readonly slots: number | null; readonly callDepth: number | null };
  readonly recursiveFunctions: number;
  readonly deadFunctions: number;
}

const NONE: ModuleManifest = { capabilities: [] };
const code = (...parts: readonly Code[]): number[] => parts.flat();
const ELSE = [0x05];
const END = [0x0b];

function judge(wasm: Uint8Array, manifest = NONE, policy: Partial<GuardianPolicy> = {}) {
  const guardian = createGuardian({ authority }, { policy: { ...DEFAULT_POLICY, ...policy } });
  const verdict = guardian.judge(wasm, manifest);
  return { ...verdict, facts: verdict.facts as unknown as Facts };
}
const boundsOf = (wasm: Uint8Array, manifest = NONE) => judge(wasm, manifest).facts;
const fn = (instructions: Code, locals: Func['locals'] = []): Func => ({
  type: 0,
  locals,
  code: instructions,
});
/** Functions () -> (), of which the first is exported. */
const module = (funcs: readonly Func[], more: Partial<ModuleSpec> = {}) =>
  build({ types: [[[], []]], exports: [['run', 0, 0]], ...more, funcs });
const functions = (...codes: readonly Code[]) => module(codes.map((one) => fn(one)));
/** Fuel of a call of the first function; instantiation takes one. */
const fuelOf = (wasm: Uint8Array) => {
  const { total } = boundsOf(wasm).cost;
  return total === null ? null : BigInt(total) - 1n;
};
/** Function 0, then one that takes 4 * 2^(count - 1) - 3, by calling twice what calls twice, … */
const doubled = (first: Code, count: number, more: Partial<ModuleSpec> = {}) =>
  module(
    [
      fn(first),
      ...Array.from({ length: count }, (_, at) =>
        fn(at === count - 1 ? [] : code(call(at + 2), call(at + 2))),
      ),
    ],
    more,
  );
const dear = (count: number) => 4n * 2n ** BigInt(count - 1) - 3n;

describe('fuel', () => {
  it('is one for the entry and what the dearest way takes', () => {
    expect(fuelOf(functions([]))).toBe(1n);
    expect(fuelOf(functions(code(i32(1), DROP)))).toBe(2n);
    expect(fuelOf(functions(call(1), code(i32(1), DROP)))).toBe(1n + 1n + 2n);
    expect(fuelOf(functions(code(call(1), call(1)), []))).toBe(1n + 2n + 2n);
    const arms = (one: Code, other: Code) =>
      fuelOf(functions(code(i32(1), [0x04, 0x40], one, ELSE, other, END, i32(1), DROP)));
    const three = code(i32(1), DROP, i32(1), DROP, i32(1), DROP);
    expect(arms(three, [])).toBe(1n + 2n + 3n + 1n);
    expect(arms([], three)).toBe(1n + 2n + 3n + 1n);
    expect(fuelOf(functions(code(i32(1), when(three))))).toBe(1n + 2n + 3n);
    expect(fuelOf(functions(code(i32(1), when(i32(1), when(three), three))))).toBe(
      1n + 2n + 2n + 3n + 3n,
    );
  });

  it('is multiplied by loops', () => {
    const up = (local: number, limit: number, inner: Code = []) =>
      loop(inner, get(local), i32(1), ADD, tee(local), i32(limit), [0x48], brIf(0));
    const of = (...parts: readonly Code[]) =>
      fuelOf(module([fn(code(...parts), [[2, I32]]), fn(code(i32(1), DROP))]));
    expect(of(up(0, 10))).toBe(1n + 10n * 7n);
    expect(of(i32(1), DROP, up(0, 10), i32(1), DROP)).toBe(1n + 1n + 70n + 1n);
    expect(of(up(0, 3, code(i32(0), set(1), up(1, 5))))).toBe(1n + 3n * (2n + 35n + 7n));
    expect(of(up(0, 4, call(1)))).toBe(1n + 4n * (1n + 2n + 7n));
    expect(of(up(0, 4, code(i32(1), when(i32(1), DROP))))).toBe(1n + 4n * (3n + 7n));
    expect(of(loop(i32(1), DROP))).toBe(2n);
  });

  it('is exact beyond what doubles hold', () => {
    for (const count of [51, 52, 53, 54, 60, 62]) {
      expect([count, fuelOf(doubled(call(1), count))]).toEqual([count, 2n + dear(count)]);
    }
    const big = dear(55);
    expect(fuelOf(doubled(code(call(1), i32(1), DROP), 55))).toBe(1n + 1n + big + 1n);
    const arms = (one: Code, other: Code) =>
      fuelOf(doubled(code(i32(1), [0x04, 0x40], one, ELSE, other, END, i32(1), DROP), 55));
    expect(arms(call(1), [])).toBe(1n + 2n + 1n + big + 1n);
    expect(arms([], call(1))).toBe(1n + 2n + 1n + big + 1n);
    expect(arms(call(1), code(call(1), call(1)))).toBe(1n + 2n + 2n + 2n * big + 1n);
    expect(fuelOf(doubled(code(i32(1), when(call(1))), 55))).toBe(1n + 2n + 1n + big);
    const rounds = (limit: number) =>
      fuelOf(
        module([
          fn(loop(call(1), get(0), i32(1), ADD, tee(0), i32(limit), [0x48], brIf(0)), [[1, I32]]),
          ...Array.from({ length: 55 }, (_, at) =>
            fn(at === 54 ? [] : code(call(at + 2), call(at + 2))),
          ),
        ]),
      );
    expect(rounds(3)).toBe(1n + 3n * (1n + big + 6n + 1n));
    const fill = code(i32(0), i32(0), [0x23, 0], [0xfc, 11, 0]);
    const more = { memories: [[0, 1]], globals: [[I32, 0, ...i32(0), 0x0b]] };
    expect(fuelOf(doubled(code(call(1), fill), 55, more))).toBe(
      // The global's initial value is an instruction of instantiation.
      1n + 1n + 1n + big + 4n + (2n ** 32n - 1n),
    );
    const table = { tables: [[FUNCREF, 0, 1]], elements: [[0, ...i32(0), 0x0b, 1, 1]] };
    const through = doubled(code(i32(0), callIndirect(0)), 55, table);
    // The segment is four units: its offset, its element twice, and its length.
    expect(fuelOf(through)).toBe(3n + 1n + 2n + big);
  });

  it('has an end at 2^64 - 1, and then no bound', () => {
    /** Function 0 takes 4 * 2^(count - 1) - 3. */
    const chain = (count: number) =>
      Array.from({ length: count }, (_, at) =>
        at === count - 1 ? [] : code(call(at + 1), call(at + 1)),
      );
    const last = chain(63).map((one) => fn(one));
    expect(boundsOf(module(last)).cost).toEqual({
      instantiation: '1',
      total: String(1n + dear(63)),
      unbounded: [],
    });
    // One more to instantiate is one too many.
    const global = [I32, 0, ...i32(0), 0x0b];
    expect(boundsOf(module(last, { globals: [global] })).cost).toEqual({
      instantiation: '2',
      total: null,
      unbounded: [],
    });
    expect(boundsOf(doubled(call(1), 63)).cost.unbounded).toMatchObject([{ cause: 'overflow' }]);
    const beyond = boundsOf(functions(...chain(64))).cost;
    expect(beyond.total).toBeNull();
    expect(beyond.unbounded).toMatchObject([{ cause: 'overflow', function: 0 }]);
    // Of the functions that call it none is at fault.
    expect(boundsOf(functions(...chain(66))).cost.unbounded).toMatchObject([
      { cause: 'overflow', function: 2 },
    ]);
    const rounds = loop(call(1), get(0), i32(1), ADD, tee(0), [0x41, 0x7f], [0x47], brIf(0));
    const looped = module([
      fn(rounds, [[1, I32]]),
      ...Array.from({ length: 40 }, (_, at) =>
        fn(at === 39 ? [] : code(call(at + 2), call(at + 2))),
      ),
    ]);
    expect(boundsOf(looped).cost.unbounded).toMatchObject([{ cause: 'overflow', function: 0 }]);
  });

  it('of a call through a table is the dearest that it may reach', () => {
    const through = (elements: readonly Code[], more: Partial<ModuleSpec> = {}) =>
      module(
        [
          fn(code(i32(0), callIndirect(0))),
          fn(code(i32(1), DROP)),
          fn(code(i32(1), DROP, i32(1), DROP)),
          { type: 1, code: code(get(0), [0x0e, 0, 0]) },
        ],
        {
          types: [
            [[], []],
            [[I32], []],
          ],
          tables: [[FUNCREF, 0, 9]],
          elements,
          ...more,
        },
      );
    const segment = (...items: Code) => [0, ...i32(0), 0x0b, items.length, ...items];
    // Instantiation: one, an offset, and each element twice: as an expression and as one copied.
    const fuel = (...items: Code) => 1n + 1n + 2n * BigInt(items.length);
    const total = (elements: readonly Code[], more: Partial<ModuleSpec> = {}) => {
      const { cost } = boundsOf(through(elements, more));
      return cost.total === null ? null : BigInt(cost.total);
    };
    expect(total([])).toBe(1n + 3n);
    expect(total([segment(1)])).toBe(fuel(1) + 3n + 2n);
    expect(total([segment(1, 2)])).toBe(fuel(1, 2) + 3n + 3n);
    expect(total([segment(2, 1)])).toBe(fuel(2, 1) + 3n + 3n);
    expect(total([segment(3)])).toBe(fuel(3) + 3n);
    const open = boundsOf(
      through([segment(1)], {
        exports: [
          ['run', 0, 0],
          ['t', 1, 0],
        ],
      }),
    );
    expect(open.cost).toMatchObject({ total: null, unbounded: [{ cause: 'table', function: 0 }] });
    expect(open.stack).toEqual({ slots: null, callDepth: null });
    // A table that nobody calls through may be exported.
    const unused = module([fn([])], {
      tables: [[EXTERNREF, 0, 1]],
      exports: [
        ['run', 0, 0],
        ['t', 1, 0],
      ],
    });
    expect(boundsOf(unused).cost.total).toBe('2');
  });
});

describe('instantiation', () => {
  const of = (spec: ModuleSpec) => boundsOf(build(spec)).cost.instantiation;

  it('takes one for each expression, and for what active segments copy', () => {
    const global = [I32, 0, ...i32(1), 0x0b];
    expect(of({})).toBe('1');
    expect(of({ globals: [global, global] })).toBe('3');
    const data = { offset: i32(0), bytes: [1, 2, 3] };
    expect(of({ memories: [[0, 1]], data: [data] })).toBe('5');
    expect(of({ memories: [[0, 1]], data: [data, { bytes: [1, 2, 3] }] })).toBe('5');
    expect(
      of({
        types: [[[], []]],
        funcs: [fn([])],
        tables: [[FUNCREF, 0, 4]],
        elements: [
          [0, ...i32(0), 0x0b, 2, 0, 0],
          [1, 0, 1, 0],
        ],
      }),
    ).toBe(String(1 + 1 + 3 + 2));
  });

  it('runs the start function, once', () => {
    const work = code(i32(1), DROP, i32(1), DROP);
    const started = boundsOf(
      build({ types: [[[], []]], funcs: [fn(work), fn([])], start: 0, exports: [['run', 0, 1]] }),
    );
    expect(started.cost).toEqual({ instantiation: '5', total: '6', unbounded: [] });
    // The host may call it again if it is exported.
    const again = boundsOf(
      build({ types: [[[], []]], funcs: [fn(work)], start: 0, exports: [['run', 0, 0]] }),
    );
    expect(again.cost).toMatchObject({ instantiation: '5', total: '8' });
    const named = { entry: 'run', capabilities: [] };
    const both = module([fn(work), fn([])], {
      start: 0,
      exports: [
        ['run', 0, 1],
        ['other', 0, 0],
      ],
    });
    expect(boundsOf(both, named).cost).toMatchObject({ instantiation: '5', total: '6' });
    const endless = boundsOf(
      build({
        types: [[[], []]],
        funcs: [fn(loop(br(0))), fn([])],
        start: 0,
        exports: [['run', 0, 1]],
      }),
    );
    expect(endless.cost).toMatchObject({ instantiation: null, total: null });
  });
});

describe('what the host calls', () => {
  const two = module([fn([]), fn(code(i32(1), DROP)), fn(code(i32(1), DROP, i32(1), DROP))], {
    exports: [
      ['a', 0, 0],
      ['b', 0, 1],
      ['c', 0, 2],
    ],
  });

  it('is the entry, or the dearest export', () => {
    expect(boundsOf(two).cost.total).toBe('4');
    expect(boundsOf(two, { entry: 'a', capabilities: [] }).cost.total).toBe('2');
    expect(boundsOf(two, { entry: 'b', capabilities: [] }).cost.total).toBe('3');
  });

  it('is both functions of the ABI `pure`', () => {
    const wasm = pure(code(i32(1), DROP));
    const facts = boundsOf(wasm, { entry: 'nmp_run', capabilities: [] });
    // nmp_alloc: entry and constant; nmp_run: entry, constant, result.
    expect(facts.cost.total).toBe(String(1 + 2 + 3));
    expect(facts.stack).toEqual({ slots: 3, callDepth: 1 });
    expect(boundsOf(wasm).cost.total).toBe('4');
  });

  it('leaves the rest unreached', () => {
    const rest = module([fn([]), fn([]), fn(call(1))]);
    expect(boundsOf(rest).deadFunctions).toBe(2);
    expect(judge(rest).flags).toContain('DEAD_CODE');
    expect(boundsOf(functions(call(1), [])).deadFunctions).toBe(0);
    // An entry does not make other exports dead.
    expect(boundsOf(two, { entry: 'a', capabilities: [] }).deadFunctions).toBe(0);
    expect(boundsOf(two).deadFunctions).toBe(0);
    // What the host may take from an exported table is reached.
    const table = { tables: [[FUNCREF, 0, 1]], elements: [[0, ...i32(0), 0x0b, 1, 1]] };
    const exported = module([fn([]), fn([])], {
      ...table,
      exports: [
        ['run', 0, 0],
        ['t', 1, 0],
      ],
    });
    expect(boundsOf(exported).deadFunctions).toBe(0);
    expect(boundsOf(module([fn([]), fn([])], table)).deadFunctions).toBe(1);
    const started = module([fn([]), fn([])], { start: 1 });
    expect(boundsOf(started).deadFunctions).toBe(0);
  });
});

describe('the stack', () => {
  const stackOf = (...funcs: readonly Func[]) => boundsOf(module(funcs)).stack;
  const wide = (slots: number, instructions: Code = []) => fn(instructions, [[slots, I32]]);

  it('is the widest way down, and the longest', () => {
    expect(stackOf(fn([]))).toEqual({ slots: 0, callDepth: 1 });
    expect(stackOf(wide(3))).toEqual({ slots: 3, callDepth: 1 });
    expect(stackOf(wide(1, call(1)), wide(2, call(2)), wide(4))).toEqual({
      slots: 7,
      callDepth: 3,
    });
    const fork = (first: number, second: number) =>
      stackOf(wide(1, code(call(first), call(second))), wide(20), wide(2, call(3)), wide(3));
    expect(fork(1, 2)).toEqual({ slots: 21, callDepth: 3 });
    expect(fork(2, 1)).toEqual({ slots: 21, callDepth: 3 });
    const twice = module([wide(2), wide(5, call(0))], {
      exports: [
        ['a', 0, 1],
        ['b', 0, 0],
      ],
    });
    expect(boundsOf(twice).stack).toEqual({ slots: 7, callDepth: 2 });
  });

  it('of a call through a table is that of the widest that it may reach', () => {
    const through = module(
      [fn(code(i32(0), callIndirect(0))), wide(5), wide(9, call(3)), wide(1)],
      {
        tables: [[FUNCREF, 0, 4]],
        elements: [[0, ...i32(0), 0x0b, 2, 1, 2]],
      },
    );
    // The index is an operand.
    expect(boundsOf(through).stack).toEqual({ slots: 1 + 9 + 1, callDepth: 3 });
  });

  it('of an import is nothing that a module owns', () => {
    const wasm = build({
      types: [[[I32], []]],
      imports: [['wasi_snapshot_preview1', 'proc_exit', [0, 0]]],
      funcs: [{ type: 0, code: code(get(0), call(0)) }],
      exports: [['run', 0, 1]],
    });
    const facts = boundsOf(wasm);
    expect(facts.stack).toEqual({ slots: 2, callDepth: 1 });
    expect(facts.cost).toEqual({ instantiation: '1', total: '4', unbounded: [] });
    expect(facts.deadFunctions).toBe(0);
  });

  it('is held against the policy at its edge', () => {
    const wasm = module([wide(3)]);
    expect(judge(wasm, NONE, { maximumStackSlots: 3 }).reasons).toEqual([]);
    expect(judge(wasm, NONE, { maximumStackSlots: 2 }).reasons).toEqual(['STACK']);
    const cost = code(i32(1), DROP);
    expect(judge(functions(cost), NONE, { maximumCost: '3' }).reasons).toEqual([]);
    expect(judge(functions(cost), NONE, { maximumCost: '2' }).reasons).toEqual(['COST']);
  });
});

describe('recursion', () => {
  const of = (...codes: readonly Code[]) => {
    const { cost, stack, recursiveFunctions } = boundsOf(functions(...codes));
    const causes = cost.unbounded.map(({ cause, function: index }) => `${cause} ${index}`).sort();
    return [cost.total, stack.slots, recursiveFunctions, causes.join(', ')];
  };

  it('is found in whatever cycle', () => {
    expect(of(call(0))).toEqual([null, null, 1, 'recursion 0']);
    expect(of(call(1), call(0))).toEqual([null, null, 2, 'recursion 0, recursion 1']);
    expect(of(call(1), call(2), call(1))).toEqual([null, null, 2, 'recursion 1, recursion 2']);
    expect(of(code(call(1), call(2)), call(3), call(3), [])).toEqual(['10', 0, 0, '']);
    expect(of(code(call(2), call(1)), call(2), call(1))).toEqual([
      null,
      null,
      2,
      'recursion 1, recursion 2',
    ]);
    // Two cycles, one of which calls the other.
    expect(of(code(call(0), call(1)), code(call(1)))).toEqual([
      null,
      null,
      2,
      'recursion 0, recursion 1',
    ]);
    // A figure of eight is one.
    expect(of(call(1), code(call(2), call(3)), call(1), call(1))[2]).toBe(3);
    // A way back from the end of a long chain takes all with it.
    expect(of(call(1), call(2), call(3), code(call(4), call(1)), [])[2]).toBe(3);
  });

  it('that is not reached matters to nobody', () => {
    expect(of([], call(1))).toEqual(['2', 0, 0, '']);
  });

  it('through a table is found, too', () => {
    const facts = boundsOf(
      module([fn(code(i32(0), callIndirect(0)))], {
        tables: [[FUNCREF, 0, 1]],
        elements: [[0, ...i32(0), 0x0b, 1, 0]],
      }),
    );
    expect([facts.recursiveFunctions, facts.cost.total]).toEqual([1, null]);
    expect(facts.cost.unbounded).toMatchObject([{ cause: 'recursion', function: 0 }]);
  });
});

describe('a place without a bound', () => {
  it('is named by cause, function and offset, sixteen at most', () => {
    const endless = (count: number) =>
      functions(
        Array.from({ length: count }, (_, at) => call(at + 1)).flat(),
        ...Array.from({ length: count }, () => loop(br(0))),
      );
    const few = endless(2);
    const { unbounded } = boundsOf(few).cost;
    expect(unbounded).toMatchObject([
      { cause: 'loop', function: 1 },
      { cause: 'loop', function: 2 },
    ]);
    for (const { offset } of unbounded)
      expect([...few.subarray(offset, offset + 3)]).toEqual([3, 0x40, 0x0c]);
    expect(boundsOf(endless(16)).cost.unbounded).toHaveLength(16);
    expect(boundsOf(endless(17)).cost.unbounded).toHaveLength(16);
    const self = functions(code(block(), call(0)));
    const [first] = boundsOf(self).cost.unbounded;
    // Of a function that calls itself: the start of its body.
    expect([...self.subarray(first?.offset, (first?.offset ?? 0) + 3)]).toEqual([0, 2, 0x40]);
  });

  it('spoils only who calls it', () => {
    const wasm = module([fn(loop(br(0))), fn(code(i32(1), DROP)), fn(call(0))], {
      exports: [
        ['good', 0, 1],
        ['bad', 0, 2],
      ],
    });
    expect(boundsOf(wasm).cost.total).toBeNull();
    expect(boundsOf(wasm, { entry: 'good', capabilities: [] }).cost).toEqual({
      instantiation: '1',
      total: '3',
      unbounded: [],
    });
    // Its stack is bounded all the same.
    expect(boundsOf(wasm, { entry: 'bad', capabilities: [] }).stack).toEqual({
      slots: 0,
      callDepth: 2,
    });
  });
});
