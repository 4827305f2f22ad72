import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { describeFuel } from '../../../client/cli/commands/build.ts';
import { SOCKET_MODULE_FILE, socketModule } from '../../../scripts/data/socket-module.ts';
import { SCRIPT_ENGINE_SHA256, SCRIPT_START_FUEL } from '../../../shared/script/engine.ts';

const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'nmp-build-command-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function nmp(...args: readonly string[]) {
  const main = join(root, 'client/cli/main.ts');
  const run = spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: 'utf8' });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
}

const logic =
  "import { Input } from 'nmp';\nexport function run(input: Input): i32 { return 7; }\n";

describe('nmp build', () => {
  it('writes the module and prints size, hash and the verdict of the guardian', () => {
    writeFileSync(join(folder, 'seven.ts'), logic);
    const { status, stdout, stderr } = nmp('build', 'seven.ts', '--json');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const bytes = readFileSync(join(folder, 'seven.wasm'));
    expect(JSON.parse(stdout)).toMatchObject({
      module: 'seven.wasm',
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      verdict: 'accept',
      reasons: [],
    });
  });

  it('writes where it is told to, making the folder', () => {
    writeFileSync(join(folder, 'other.ts'), logic);
    const { status, stdout } = nmp('build', 'other.ts', '-o', 'a/b/out.wasm');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^a\/b\/out\.wasm\n {2}size {5}\d+ bytes\n {2}sha256 {3}[0-9a-f]{64}\n {2}guardian accept .*\n {2}fuel {5}\d+ to start, .*\n$/,
    );
    expect(existsSync(join(folder, 'a/b/out.wasm'))).toBe(true);
  });

  it('names no bound that tells nothing', () => {
    const lengthFromData = (2n ** 32n + 1905n).toString();
    expect(describeFuel({ start: lengthFromData, bound: null })).toBe(
      "as the data has it: the capability's limit decides",
    );
    expect(describeFuel({ start: '598', bound: null })).toMatch(/^598 to start, then as the data/);
    expect(describeFuel({ start: '598', bound: '700' })).toBe('at most 700');
  });

  it('says what does not compile, and writes nothing', () => {
    writeFileSync(join(folder, 'bad.ts'), logic.replace('7', 'nonsense()'));
    const { status, stdout, stderr } = nmp('build', 'bad.ts');
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('nonsense');
    expect(stderr).toContain('BUILD_FAILED');
    expect(existsSync(join(folder, 'bad.wasm'))).toBe(false);
  });

  it('checks plain JavaScript, and says what engine and how much fuel it starts with', () => {
    const text = 'export const run = (input) => input.tables.length;\n';
    writeFileSync(join(folder, 'count.js'), text);
    const { status, stdout, stderr } = nmp('build', 'count.js', '--json');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      module: 'count.js',
      bytes: text.length,
      sha256: createHash('sha256').update(text).digest('hex'),
      engine: SCRIPT_ENGINE_SHA256,
      verdict: 'accept',
      reasons: [],
      fuel: { start: SCRIPT_START_FUEL.toString(), bound: null },
    });
    expect(nmp('build', 'count.js', '-o', 'x.wasm').status).toBe(2);
    expect(nmp('build', 'none.js').stderr).toContain('BUILD_FAILED');
  });

  it.each<[string, string, string]>([
    ['does not parse', 'export const run = (', 'SyntaxError'],
    ['exports no run', 'export const go = () => 1;', 'does not export a function run'],
    ['imports', "import x from 'node:fs'; export const run = () => 1;", 'could not load module'],
    ['nests without end', `export const run = ${'('.repeat(100_000)}`, 'nests too deep'],
  ])('refuses JavaScript that %s', (_, text, message) => {
    writeFileSync(join(folder, 'wrong.js'), text);
    const { status, stdout, stderr } = nmp('build', 'wrong.js');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  it('does not run the JavaScript that it checks', () => {
    writeFileSync(join(folder, 'loop.js'), 'for (;;); export const run = 1;');
    expect(nmp('build', 'loop.js').status).toBe(0);
  });

  it('exits 4 for JavaScript that carries a credential', () => {
    const key = ['AKIA', 'IOSFODNN7EXAMPLQ'].join('');
    writeFileSync(join(folder, 'secret.js'), `export const run = () => '${key}';`);
    const { status, stdout } = nmp('build', 'secret.js', '--json');
    expect(status).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'reject', reasons: ['SECRET'] });
  });

  it('refuses an unknown runtime', () => {
    const { status, stderr } = nmp('build', 'seven.ts', '--runtime', 'magic');
    expect(status).toBe(2);
    expect(stderr).toContain('--runtime takes stub or incremental');
  });
});

describe('examples/logic/sockets.wasm', () => {
  it('is what its script writes, and valid but for its import', async () => {
    expect(new Uint8Array(readFileSync(SOCKET_MODULE_FILE))).toEqual(socketModule());
    const module = await WebAssembly.compile(Uint8Array.from(socketModule()));
    expect(WebAssembly.Module.imports(module)).toEqual([
      { module: 'wasi_snapshot_preview1', name: 'sock_send', kind: 'function' },
    ]);
  });
});
