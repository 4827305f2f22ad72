import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileSource, createLogicReader } from '../../../../client/mcp/logic-files.ts';
import { codeOfAsync } from '../../../support/code-of.ts';

const SOURCE = `import { Input } from 'nmp';
export function run(input: Input): i32 { return 7; }`;

const SCRIPT = 'for (;;); export function run() { return 7; }';

let folder: string;
let logic: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nmp-files-'));
  logic = join(folder, 'logic');
  await mkdir(join(logic, 'folder.wasm'), { recursive: true });
  await writeFile(join(folder, 'secret.wasm'), 'secret');
  await writeFile(join(logic, 'a.wasm'), Uint8Array.of(0, 0x61, 0x73, 0x6d));
  await writeFile(join(logic, 'a.ts'), SOURCE);
  await writeFile(join(logic, 'a.json'), '{}');
  await writeFile(join(logic, 'a.js'), SCRIPT);
  await writeFile(join(logic, 'b.js'), 'export function run( {');
  await writeFile(join(logic, 'long.wasm'), '');
  await truncate(join(logic, 'long.wasm'), 10 * 1024 * 1024 + 1);
  await symlink(join(folder, 'secret.wasm'), join(logic, 'link.wasm'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

describe('logic that a host names', () => {
  it('is a module or a source of the folder', async () => {
    const read = createLogicReader(logic);
    expect(await read('a.wasm')).toEqual(Uint8Array.of(0, 0x61, 0x73, 0x6d));
    expect((await read('a.ts')).subarray(0, 4)).toEqual(Uint8Array.of(0, 0x61, 0x73, 0x6d));
    expect(await read(join(logic, 'a.wasm'))).toHaveLength(4);
  });

  it.each([
    '../secret.wasm',
    'link.wasm',
    'a.json',
    'missing.wasm',
    'long.wasm',
    'folder.wasm',
    '.',
    'a\u0000.wasm',
    '/etc/passwd',
  ])('is never %j', async (file) => {
    expect(await codeOfAsync(createLogicReader(logic)(file))).toBe('LOGIC_SOURCE');
  });

  it('may be plain JavaScript, checked and not run', async () => {
    const read = createLogicReader(logic);
    expect(Buffer.from(await read('a.js')).toString()).toBe(SCRIPT);
    expect(await codeOfAsync(read('b.js'))).toBe('BUILD_FAILED');
    expect(Buffer.from(await compileSource(SCRIPT, 'javascript')).toString()).toBe(SCRIPT);
    expect(await codeOfAsync(compileSource('export const x = 1', 'javascript'))).toBe(
      'BUILD_FAILED',
    );
    expect(await codeOfAsync(compileSource(' '.repeat(262_145), 'javascript'))).toBe(
      'BUILD_FAILED',
    );
  });

  it('is no file at all if no folder was chosen', async () => {
    expect(await codeOfAsync(createLogicReader(undefined)('a.wasm'))).toBe('LOGIC_SOURCE');
  });

  it('compiles to the same bytes wherever it is compiled', async () => {
    expect(await compileSource(SOURCE, 'assemblyscript')).toEqual(
      await compileSource(SOURCE, 'assemblyscript'),
    );
    expect(
      await codeOfAsync(compileSource("import { x } from '../secret';", 'assemblyscript')),
    ).toBe('BUILD_FAILED');
  });
});
