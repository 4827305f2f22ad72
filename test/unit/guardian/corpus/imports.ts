/** Imports, capabilities, exports and entries. */
import { PREVIEW1, PREVIEW1_FUNCTIONS } from '../../../../enclave/guardian/wasi.ts';
import { build, bytes, FUNCREF, I32, I64, i32, type ModuleSpec, pure } from '../build.ts';
import { type Case, ENTRY, START } from './case.ts';

const LETTER: Readonly<Record<string, number>> = { i: I32, I: I64 };
const types = (signature: string) =>
  signature.split(':').map((part) => [...part].map((letter) => LETTER[letter] as number));

/** A p1 command that imports one function of the given type. */
function importing(item: string, signature: string, module = PREVIEW1): Uint8Array {
  const [params = [], results = []] = types(signature);
  return build({
    types: [
      [params, results],
      [[], []],
    ],
    imports: [[module, item, [0, 0]]],
    funcs: [{ type: 1, code: [] }],
    memories: [[0, 1]],
    exports: [
      ['memory', 2, 0],
      ['_start', 0, 1],
    ],
  });
}

const known = [...PREVIEW1_FUNCTIONS];
const ALWAYS = ['proc_exit', 'fd_close', 'fd_seek', 'fd_fdstat_get'];

/** Every function of preview 1, as each manifest must see it. */
export const PREVIEW1_CASES: readonly Case[] = known.flatMap(([item, [capability, signature]]) => {
  const wasm = importing(item, signature);
  const free = ALWAYS.includes(item);
  const denied: Case = {
    name: `${item} without a capability`,
    wasm,
    manifest: START,
    reasons: free ? [] : ['CAPABILITY'],
  };
  const wrong: Case = {
    name: `${item} with another type`,
    wasm: importing(item, signature === 'I:I' ? ':' : 'I:I'),
    manifest: { entry: '_start', capabilities: [capability] },
    reasons: item === 'proc_raise' ? ['CAPABILITY', 'IMPORT_TYPE'] : ['IMPORT_TYPE'],
  };
  const granted: Case = {
    name: `${item} granted`,
    wasm,
    manifest: { entry: '_start', capabilities: [capability] },
    reasons: item === 'proc_raise' ? ['CAPABILITY'] : [],
    notFlags: ['PURE'],
  };
  return [denied, wrong, granted];
});

const many = (count: number): ModuleSpec => ({
  types: [[[I32], []]],
  imports: Array.from({ length: count }, () => [PREVIEW1, 'proc_exit', [0, 0]] as const),
});

export const IMPORTS: readonly Case[] = [
  {
    name: 'unknown preview 1 name',
    wasm: importing('fd_fly', 'i:i'),
    manifest: START,
    reasons: ['IMPORT_NAME'],
  },
  {
    name: 'name that differs by case',
    wasm: importing('FD_WRITE', 'iiii:i'),
    manifest: { entry: '_start', capabilities: ['stdout'] },
    reasons: ['IMPORT_NAME'],
  },
  {
    name: 'name with a trailing zero',
    wasm: importing('fd_write\0', 'iiii:i'),
    manifest: { entry: '_start', capabilities: ['stdout'] },
    reasons: ['IMPORT_NAME'],
  },
  {
    name: 'prototype name as an import',
    wasm: importing('constructor', ':'),
    manifest: START,
    reasons: ['IMPORT_NAME'],
  },
  {
    name: 'old WASI',
    wasm: importing('fd_write', 'iiii:i', 'wasi_unstable'),
    manifest: START,
    reasons: ['IMPORT_MODULE'],
  },
  {
    name: 'preview 2 of WASI in a core module',
    wasm: importing('fd_write', 'iiii:i', 'wasi_snapshot_preview2'),
    manifest: START,
    reasons: ['IMPORT_MODULE'],
  },
  {
    name: 'env import',
    wasm: importing('abort', 'iiii:', 'env'),
    manifest: START,
    reasons: ['IMPORT_MODULE'],
  },
  {
    name: 'own namespace',
    wasm: importing('push_event', 'ii:', 'nmp'),
    manifest: START,
    reasons: ['IMPORT_MODULE'],
  },
  {
    name: 'foreign namespace',
    wasm: importing('push_event', 'ii:', 'liop'),
    manifest: START,
    reasons: ['IMPORT_MODULE'],
  },
  {
    name: 'empty namespace',
    wasm: importing('', ':', ''),
    manifest: START,
    reasons: ['IMPORT_MODULE'],
  },
  {
    name: 'namespace that looks alike (Cyrillic a)',
    wasm: importing('fd_close', 'i:i', 'w\u0430si_snapshot_preview1'),
    manifest: START,
    reasons: ['IMPORT_MODULE'],
  },
  {
    name: 'imported memory',
    wasm: build({ imports: [['env', 'memory', [2, 0, 1]]] }),
    reasons: ['IMPORT_KIND', 'IMPORT_MODULE'],
  },
  {
    name: 'imported table',
    wasm: build({ imports: [['env', 'table', [1, FUNCREF, 0, 1]]] }),
    reasons: ['IMPORT_KIND', 'IMPORT_MODULE'],
  },
  {
    name: 'imported global',
    wasm: build({ imports: [['env', 'g', [3, I32, 0]]] }),
    reasons: ['IMPORT_KIND', 'IMPORT_MODULE'],
  },
  {
    name: 'fd_write as a global',
    wasm: build({ imports: [[PREVIEW1, 'fd_write', [3, I32, 0]]] }),
    manifest: { capabilities: ['stdout'] },
    reasons: ['IMPORT_KIND'],
  },
  {
    name: 'random in a deterministic run',
    wasm: importing('random_get', 'ii:i'),
    manifest: { entry: '_start', capabilities: ['random'], deterministic: true },
    reasons: ['CAPABILITY'],
  },
  {
    name: 'clock in a deterministic run',
    wasm: importing('clock_time_get', 'iIi:i'),
    manifest: { entry: '_start', capabilities: ['clock'], deterministic: true },
    reasons: ['CAPABILITY'],
  },
  {
    name: 'stdin and stdout in a deterministic run',
    wasm: importing('fd_read', 'iiii:i'),
    manifest: { entry: '_start', capabilities: ['stdin', 'stdout'], deterministic: true },
    reasons: [],
  },
  {
    name: 'one capability does not grant another',
    wasm: importing('fd_write', 'iiii:i'),
    manifest: { entry: '_start', capabilities: ['stdin', 'fs', 'net'] },
    reasons: ['CAPABILITY'],
  },
  { name: '100 imports', wasm: build(many(100)), reasons: [] },
  { name: '101 imports', wasm: build(many(101)), reasons: ['IMPORT_COUNT'] },
];

const exporting = (item: string, kind: number, index: number, more: ModuleSpec = {}) =>
  build({
    types: [
      [[], []],
      [[I32, I32], [I64]],
      [[I64, I64], [I64]],
    ],
    funcs: [
      { type: 0, code: [] },
      { type: 1, code: [0x42, 0] },
      { type: 2, code: [0x42, 0] },
    ],
    memories: [[0, 1]],
    tables: [[FUNCREF, 0, 1]],
    globals: [[I32, 0, ...i32(0), 0x0b]],
    exports: [[item, kind, index]],
    ...more,
  });

export const EXPORTS: readonly Case[] = [
  { name: 'no entry asked for', wasm: build({}), reasons: [] },
  { name: 'entry missing', wasm: build({}), manifest: ENTRY, reasons: ['EXPORT_MISSING'] },
  {
    name: 'entry of the right type',
    wasm: exporting('nmp_run', 0, 1),
    manifest: ENTRY,
    reasons: [],
  },
  {
    name: 'entry () -> ()',
    wasm: exporting('nmp_run', 0, 0),
    manifest: ENTRY,
    reasons: ['EXPORT_TYPE'],
  },
  {
    name: 'entry with i64 parameters',
    wasm: exporting('nmp_run', 0, 2),
    manifest: ENTRY,
    reasons: ['EXPORT_TYPE'],
  },
  {
    name: 'entry is a memory',
    wasm: exporting('nmp_run', 2, 0),
    manifest: ENTRY,
    reasons: ['EXPORT_KIND'],
  },
  {
    name: 'entry is a table',
    wasm: exporting('nmp_run', 1, 0),
    manifest: ENTRY,
    reasons: ['EXPORT_KIND'],
  },
  {
    name: 'entry is a global',
    wasm: exporting('nmp_run', 3, 0),
    manifest: ENTRY,
    reasons: ['EXPORT_KIND'],
  },
  {
    name: 'entry differs by case',
    wasm: exporting('NMP_RUN', 0, 1),
    manifest: ENTRY,
    reasons: ['EXPORT_MISSING'],
  },
  {
    name: '_start of the right type',
    wasm: exporting('_start', 0, 0),
    manifest: START,
    reasons: [],
  },
  {
    name: '_start with parameters',
    wasm: exporting('_start', 0, 1),
    manifest: START,
    reasons: ['EXPORT_TYPE'],
  },
  {
    name: 'other entry, any function type',
    wasm: exporting('main', 0, 2),
    manifest: { entry: 'main', capabilities: [] },
    reasons: [],
  },
  {
    name: 'other entry, not a function',
    wasm: exporting('main', 3, 0),
    manifest: { entry: 'main', capabilities: [] },
    reasons: ['EXPORT_KIND'],
  },
  {
    name: 'entry named like a prototype member',
    wasm: exporting('main', 0, 0),
    manifest: { entry: 'toString', capabilities: [] },
    reasons: ['EXPORT_MISSING'],
  },
  {
    name: 'nmp_alloc of another type',
    wasm: exporting('nmp_run', 0, 1, {
      exports: [
        ['nmp_run', 0, 1],
        ['nmp_alloc', 0, 0],
      ],
    }),
    manifest: ENTRY,
    reasons: ['EXPORT_TYPE'],
  },
  {
    name: 'memory export that is a function',
    wasm: exporting('nmp_run', 0, 1, {
      exports: [
        ['nmp_run', 0, 1],
        ['memory', 0, 0],
      ],
    }),
    manifest: ENTRY,
    reasons: ['EXPORT_KIND'],
  },
  {
    name: 'pure module with its whole ABI',
    wasm: pure(),
    manifest: ENTRY,
    reasons: [],
    flags: ['PURE'],
  },
  {
    name: 'trailing bytes after a good module',
    wasm: bytes(Array.from(pure()), [0]),
    manifest: ENTRY,
    reasons: ['MALFORMED'],
  },
];
