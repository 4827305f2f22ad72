import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildLogic } from '../../../client/author/build.ts';

const folder = mkdtempSync(join(tmpdir(), 'nmp-build-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function source(name: string, ...lines: readonly string[]): string {
  const file = join(folder, name);
  writeFileSync(file, lines.join('\n'));
  return file;
}

const IMPORT = "import { Input, JsonObject } from 'nmp';";
const minimal = (name: string, expression = '1') =>
  source(
    name,
    IMPORT,
    `export function run(input: Input): JsonObject { return new JsonObject().set('n', ${expression}); }`,
  );
const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('buildLogic', () => {
  it('makes a module of the pure ABI in a few kilobytes', async () => {
    const { bytes, warnings } = await buildLogic(minimal('min.ts'));
    const module = await WebAssembly.compile(bytes);
    expect(WebAssembly.Module.imports(module)).toEqual([]);
    expect(WebAssembly.Module.exports(module)).toEqual(
      expect.arrayContaining([
        { name: 'memory', kind: 'memory' },
        { name: 'nmp_alloc', kind: 'function' },
        { name: 'nmp_run', kind: 'function' },
      ]),
    );
    expect(WebAssembly.Module.customSections(module, 'name')).toEqual([]);
    expect(warnings).toBe('');
    expect(bytes.length).toBeLessThan(8 * 1024);
  });

  it('gives the same bytes for the same source, wherever it lies and whatever it is called', async () => {
    const first = hash((await buildLogic(minimal('same.ts'))).bytes);
    expect(hash((await buildLogic(minimal('same.ts'))).bytes)).toBe(first);
    expect(hash((await buildLogic(minimal('other-name.ts'))).bytes)).toBe(first);
    expect(hash((await buildLogic(minimal('same.ts', '2'))).bytes)).not.toBe(first);
  });

  it('takes files beside the logic', async () => {
    source('helper.ts', 'export function seven(): i32 { return 7; }');
    const file = source(
      'uses-helper.ts',
      IMPORT,
      "import { seven } from './helper';",
      "export function run(input: Input): JsonObject { return new JsonObject().set('n', seven()); }",
    );
    expect((await buildLogic(file)).bytes.length).toBeGreaterThan(1000);
  });

  it('has a second runtime that frees memory', async () => {
    const file = minimal('runtime.ts');
    const stub = (await buildLogic(file)).bytes.length;
    const incremental = (await buildLogic(file, { runtime: 'incremental' })).bytes.length;
    expect(incremental).toBeGreaterThan(stub);
  });

  it.each([
    ['a type error', [IMPORT, 'export function run(input: Input): i32 { return "x"; }'], 'TS2322'],
    ['a syntax error', ['export function run('], 'ERROR'],
    ['no run', ['export function main(): void {}'], 'run'],
    ['run without input', [IMPORT, 'export function run(): i32 { return 1; }'], 'ERROR'],
    [
      'an answer that has no JSON',
      [IMPORT, 'export function run(input: Input): i32[] { return [1]; }'],
      'can be answered',
    ],
    [
      'the clock',
      [IMPORT, 'export function run(input: Input): i32 { return <i32>Date.now(); }'],
      'Date.now',
    ],
    [
      'randomness',
      [IMPORT, 'export function run(input: Input): i32 { return Math.random() < 0.5 ? 1 : 2; }'],
      'env.seed',
    ],
    [
      'the console',
      [IMPORT, 'export function run(input: Input): i32 { console.log("x"); return 1; }'],
      'console.log',
    ],
    [
      'a host function of its own',
      [
        IMPORT,
        '@external("wasi:sockets/tcp", "connect")',
        'declare function connect(): i32;',
        'export function run(input: Input): i32 { return connect(); }',
      ],
      'wasi:sockets/tcp.connect',
    ],
    [
      'a file outside its folder',
      [
        "import { x } from '../../../../../etc/passwd';",
        IMPORT,
        'export function run(input: Input): i32 { return x; }',
      ],
      'ERROR',
    ],
  ])('refuses %s and says what is wrong', async (_, lines, message) => {
    await expect(buildLogic(source('bad.ts', ...lines))).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringContaining(message),
    });
  });

  it('refuses a missing file, a name it cannot import and a source beyond its limit', async () => {
    const failed = { code: 'BUILD_FAILED' };
    await expect(buildLogic(join(folder, 'none.ts'))).rejects.toMatchObject(failed);
    await expect(buildLogic(source("it's.ts", IMPORT))).rejects.toMatchObject(failed);
    await expect(buildLogic(source('long.ts', ' '.repeat(1_048_577)))).rejects.toMatchObject(
      failed,
    );
  });
});
