/** Builds WebAssembly binaries from TypeScript, well-formed or not, for the guardian's tests. */

export const I32 = 0x7f;
export const I64 = 0x7e;
export const F64 = 0x7c;
export const FUNCREF = 0x70;
export const EXTERNREF = 0x6f;

type Bytes = readonly number[];

/** Unsigned LEB128. */
export function leb(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  do {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    out.push(rest > 0 ? byte + 128 : byte);
  } while (rest > 0);
  return out;
}

/** Signed LEB128 of at most 53 bits. */
function sleb(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  for (;;) {
    const byte = ((rest % 128) + 128) % 128;
    rest = (rest - byte) / 128;
    const done = (rest === 0 && byte < 64) || (rest === -1 && byte >= 64);
    out.push(done ? byte : byte + 128);
    if (done) return out;
  }
}

export const utf8 = (text: string): number[] => [...Buffer.from(text, 'utf8')];
export const name = (text: string): number[] => [...leb(utf8(text).length), ...utf8(text)];
export const vec = (items: readonly Bytes[]): number[] => [...leb(items.length), ...items.flat()];
export const section = (id: number, content: Bytes): number[] => [
  id,
  ...leb(content.length),
  ...content,
];

export const i32 = (value: number): number[] => [0x41, ...sleb(value)];
const i64 = (value: number): number[] => [0x42, ...sleb(value)];
export const get = (local: number): number[] => [0x20, ...leb(local)];
export const set = (local: number): number[] => [0x21, ...leb(local)];
export const tee = (local: number): number[] => [0x22, ...leb(local)];
export const call = (index: number): number[] => [0x10, ...leb(index)];
export const callIndirect = (type: number, table = 0): number[] => [
  0x11,
  ...leb(type),
  ...leb(table),
];
export const br = (label: number): number[] => [0x0c, ...leb(label)];
export const brIf = (label: number): number[] => [0x0d, ...leb(label)];
export const block = (...code: Bytes[]): number[] => [0x02, 0x40, ...code.flat(), 0x0b];
export const loop = (...code: Bytes[]): number[] => [0x03, 0x40, ...code.flat(), 0x0b];
export const when = (...code: Bytes[]): number[] => [0x04, 0x40, ...code.flat(), 0x0b];
export const ADD = [0x6a];
export const SUB = [0x6b];
export const DROP = [0x1a];
export const NOP = [0x01];

export interface Func {
  readonly type: number;
  /** Groups of locals: how many of which type. */
  readonly locals?: readonly (readonly [number, number])[];
  /** Instructions without the closing end. */
  readonly code: Bytes;
}

interface Segment {
  /** Constant expression without its end; passive if absent. */
  readonly offset?: Bytes;
  readonly bytes: Bytes | Uint8Array;
}

export interface ModuleSpec {
  readonly types?: readonly (readonly [params: Bytes, results: Bytes])[];
  /** Module, name, and description bytes: 0 typeidx, 1 table, 2 memory, 3 global. */
  readonly imports?: readonly (readonly [string, string, Bytes])[];
  readonly funcs?: readonly Func[];
  /** Table types: element type, limits. */
  readonly tables?: readonly Bytes[];
  readonly memories?: readonly Bytes[];
  /** Global types and initial values with end. */
  readonly globals?: readonly Bytes[];
  /** Name, kind (0 function, 1 table, 2 memory, 3 global), index. */
  readonly exports?: readonly (readonly [string, number, number])[];
  readonly start?: number;
  readonly elements?: readonly Bytes[];
  readonly dataCount?: number;
  readonly data?: readonly Segment[];
  readonly customs?: readonly (readonly [string, Bytes | Uint8Array])[];
}

export const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** Body of a function with its size. */
export function body({ locals = [], code }: Func): number[] {
  const content = [...vec(locals.map(([count, type]) => [...leb(count), type])), ...code, 0x0b];
  return [...leb(content.length), ...content];
}

/** Puts header and sections together without putting large parts on the call stack. */
export function bytes(...parts: readonly (Bytes | Uint8Array)[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
}

export function build(spec: ModuleSpec): Uint8Array {
  const parts: (Bytes | Uint8Array)[] = [PREAMBLE];
  const add = (id: number, items: readonly Bytes[] | undefined) => {
    if (items !== undefined) parts.push(section(id, vec(items)));
  };
  add(
    1,
    spec.types?.map(([params, results]) => [
      0x60,
      ...leb(params.length),
      ...params,
      ...leb(results.length),
      ...results,
    ]),
  );
  add(
    2,
    spec.imports?.map(([module, item, description]) => [
      ...name(module),
      ...name(item),
      ...description,
    ]),
  );
  add(
    3,
    spec.funcs?.map(({ type }) => leb(type)),
  );
  add(4, spec.tables);
  add(5, spec.memories);
  add(6, spec.globals);
  add(
    7,
    spec.exports?.map(([item, kind, index]) => [...name(item), kind, ...leb(index)]),
  );
  if (spec.start !== undefined) parts.push(section(8, leb(spec.start)));
  add(9, spec.elements);
  if (spec.dataCount !== undefined) parts.push(section(12, leb(spec.dataCount)));
  if (spec.funcs !== undefined) {
    const content = Buffer.concat([
      Uint8Array.from(leb(spec.funcs.length)),
      ...spec.funcs.map((func) => Uint8Array.from(body(func))),
    ]);
    parts.push([10, ...leb(content.length)], content);
  }
  if (spec.data !== undefined) {
    const content = Buffer.concat([
      Uint8Array.from(leb(spec.data.length)),
      ...spec.data.flatMap(({ offset, bytes: init }) => [
        Uint8Array.from(offset === undefined ? [1] : [0, ...offset, 0x0b]),
        Uint8Array.from(leb(init.length)),
        Uint8Array.from(init),
      ]),
    ]);
    parts.push([11, ...leb(content.length)], content);
  }
  for (const [title, content] of spec.customs ?? []) {
    const size = name(title).length + content.length;
    parts.push([0, ...leb(size), ...name(title)], content);
  }
  return bytes(...parts);
}

/** () -> (), (i32) -> i32, (i32, i32) -> i64: the types of the guest ABIs. */
const ABI_TYPES = [
  [[], []],
  [[I32], [I32]],
  [[I32, I32], [I64]],
] as const;

/** The smallest module of the guest ABI `pure`; `code` goes into nmp_run before its result. */
export function pure(
  code: Bytes = [],
  more: Partial<ModuleSpec> = {},
  locals: Func['locals'] = [],
): Uint8Array {
  return build({
    ...more,
    types: [...ABI_TYPES, ...(more.types ?? [])],
    funcs: [
      { type: 1, code: i32(1024) },
      { type: 2, locals, code: [...code, ...i64(0)] },
      ...(more.funcs ?? []),
    ],
    memories: more.memories ?? [[0, 1]],
    exports: [['memory', 2, 0], ['nmp_alloc', 0, 0], ['nmp_run', 0, 1], ...(more.exports ?? [])],
  });
}
