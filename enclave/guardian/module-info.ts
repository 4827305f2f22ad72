/** What the decoder learns of one core module; offsets are absolute in the bytes judged. */

/** Largest value of a limit that the decoder tells apart (limits of 64-bit memories saturate). */
export interface Limits {
  readonly min: number;
  /** Undefined if the module declares none. */
  readonly max: number | undefined;
}

/** `signature` is one letter a value type: i i32, I i64, f f32, F f64, r funcref, e externref, v v128. */
export interface FunctionType {
  readonly params: number;
  readonly results: number;
  /** For example `ii:I` for (i32, i32) -> i64. */
  readonly signature: string;
  /** Equal for equal signatures: call_indirect compares types by structure. */
  readonly group: number;
}

export type ExternKind = 'func' | 'table' | 'memory' | 'global';

interface ModuleImport {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternKind;
  /** Type index; for functions only. */
  readonly type: number;
}

interface ModuleExport {
  readonly kind: ExternKind;
  readonly index: number;
}

interface ActiveSegment {
  /** Index of the memory or table. */
  readonly target: number;
  /** Value of a constant offset; undefined if it is not a plain i32.const. */
  readonly offset: number | undefined;
  /** Bytes or elements. */
  readonly length: number;
}

export interface Range {
  readonly start: number;
  readonly end: number;
}

interface CustomSection extends Range {
  readonly name: string;
  /** Content bytes with the name. */
  readonly size: number;
}

/** Filled by the decoder front to back; holds what was read when it stopped. */
export interface ModuleInfo {
  /** Flat section records: depth, id, content start, content end, item count, and so on. */
  readonly sections: number[];
  readonly types: FunctionType[];
  readonly typeGroups: Map<string, number>;
  readonly imports: ModuleImport[];
  importedFunctions: number;
  /** Type index of every function, imported first. */
  readonly functions: number[];
  readonly tables: Limits[];
  importedTables: number;
  readonly memories: Limits[];
  /** Number of globals, imported ones first. */
  globals: number;
  readonly exports: Map<string, ModuleExport>;
  start: number | undefined;
  readonly elements: ActiveSegment[];
  /** Element segments of any mode. */
  elementSegments: number;
  /** Elements of all segments together. */
  elementItems: number;
  /** Functions whose reference can be in a table or be made by ref.func. */
  readonly addressTaken: Set<number>;
  dataCount: number | undefined;
  readonly data: ActiveSegment[];
  readonly dataRanges: Range[];
  readonly customs: CustomSection[];
  /** Code bodies after their size: start and end, two numbers each. */
  readonly bodies: number[];
  /** A construct of a switched-off proposal was met and decoding could go on. */
  feature: boolean;
}

export function emptyModule(): ModuleInfo {
  return {
    sections: [],
    types: [],
    typeGroups: new Map(),
    imports: [],
    importedFunctions: 0,
    functions: [],
    tables: [],
    importedTables: 0,
    memories: [],
    globals: 0,
    exports: new Map(),
    start: undefined,
    elements: [],
    elementSegments: 0,
    elementItems: 0,
    addressTaken: new Set(),
    dataCount: undefined,
    data: [],
    dataRanges: [],
    customs: [],
    bodies: [],
    feature: false,
  };
}
