/**
 * Compiles a logic file (AssemblyScript) to a module of the pure guest ABI: exports `memory`,
 * `nmp_alloc`, `nmp_run`, no imports, and the same bytes for the same source and compiler.
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { NmpError } from '../../shared/errors.ts';

/** Longest source file read, characters. */
const SOURCE_CHARS_MAX = 1_048_576;
const ENTRY = 'nmp-entry.ts';
const LIBRARY = join(import.meta.dirname, 'assembly');
const EXPORTS = ['memory', 'nmp_alloc', 'nmp_run'];

/** `stub` never frees, is half the size and fits one short run; `incremental` collects garbage. */
export type GuestRuntime = 'incremental' | 'stub';

export interface BuildOptions {
  /** Default `stub`. */
  readonly runtime?: GuestRuntime;
}

export interface BuiltModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What the compiler had to say besides errors. */
  readonly warnings: string;
}

/** The file around the author's function: only here are the names of the ABI. */
function entrySource(logic: string): string {
  return [
    `import { run } from './${logic}';`,
    "import { Input } from 'nmp';",
    "import { allocate, answer } from 'nmp/run';",
    'export function nmp_alloc(length: i32): i32 { return allocate(length); }',
    'export function nmp_run(pointer: i32, length: i32): i64 {',
    '  const answered = run(new Input(<usize>pointer, <u32>length));',
    '  return answer(answered);',
    '}',
  ].join('\n');
}

/** A file of the author's folder or of the guest library, null if there is none. */
async function readSource(folder: string, name: string, base: string): Promise<string | null> {
  const path = resolve(base, name);
  const inside = [folder, LIBRARY].some((root) => path.startsWith(root + sep));
  if (!inside) return null;
  try {
    const text = await readFile(path, 'utf8');
    return text.length > SOURCE_CHARS_MAX ? null : text;
  } catch {
    return null;
  }
}

/** The compiler is asked for no imports; this is the proof that it made none. */
async function checkAbi(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const module = await WebAssembly.compile(bytes);
  const imports = WebAssembly.Module.imports(module);
  if (imports.length > 0) {
    const names = imports.map(({ module: from, name }) => `${from}.${name}`).join(', ');
    throw new NmpError(
      'BUILD_FAILED',
      `the logic needs ${names} from its host; a pure module has no clock, randomness or console`,
    );
  }
  const exports = WebAssembly.Module.exports(module).map(({ name }) => name);
  if (exports.toSorted().join() !== EXPORTS.join()) {
    throw new NmpError('BUILD_FAILED', `the module exports ${exports.join(', ')}`);
  }
}

/**
 * @param file path of a file that exports `run(input: Input)`
 * @throws NmpError BUILD_FAILED with the compiler's messages
 */
export async function buildLogic(file: string, options: BuildOptions = {}): Promise<BuiltModule> {
  const asc = await import('assemblyscript/asc');
  const folder = dirname(resolve(file));
  const logic = basename(file).replace(/\.ts$/, '');
  if (!/^[\w.-]+$/.test(logic)) {
    throw new NmpError(
      'BUILD_FAILED',
      'the name of the file has characters beyond A-Z a-z 0-9 . _ -',
    );
  }
  if ((await readSource(folder, `${logic}.ts`, folder)) === null) {
    throw new NmpError('BUILD_FAILED', `${file}: no such file, or longer than 1 Mi characters`);
  }
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  const stderr = asc.createMemoryStream();
  const { error } = await asc.main(
    [
      ENTRY,
      '--outFile',
      'out.wasm',
      '--lib',
      relative(folder, LIBRARY) || '.',
      '--runtime',
      options.runtime ?? 'stub',
      '--optimizeLevel',
      '2',
      '--shrinkLevel',
      '2',
      '--noAssert',
      // Without an abort import a failed check is the unreachable instruction.
      '--use',
      'abort=',
    ],
    {
      stdout: asc.createMemoryStream(),
      stderr,
      readFile: async (name: string, base: string) =>
        name === ENTRY ? entrySource(logic) : readSource(folder, name, resolve(folder, base)),
      writeFile: (_name: string, contents: Uint8Array | string) => {
        if (typeof contents !== 'string') bytes = Uint8Array.from(contents);
      },
      listFiles: () => [],
    },
  );
  const messages = stderr.toString().trim();
  if (error !== null || bytes === undefined) {
    throw new NmpError('BUILD_FAILED', messages || String(error));
  }
  await checkAbi(bytes);
  return { bytes, warnings: messages };
}
