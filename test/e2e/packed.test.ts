/** The package as npm would install it: a typed example compiles against it and runs. */
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalNode, startLocal } from '../support/local-node.ts';
import { constantModule } from '../support/modules.ts';

const root = join(import.meta.dirname, '..', '..');
const bin = join(root, 'node_modules', '.bin');
const run = promisify(execFile);
const EXAMPLE = 'ask.mts';

const nothing = { type: 'object', properties: {}, additionalProperties: false };

let node: LocalNode;
let app: string;

// It installs from a registry: make packed.
const asked = process.env.NMP_PACKED === '1';

describe.runIf(asked)('the packed package', () => {
  beforeAll(async () => {
    node = await startLocal(
      {
        version: 1,
        datasets: [],
        capabilities: [
          {
            name: 'seven',
            version: '1.0.0',
            logic: { module: 'seven.wasm' },
            datasets: [],
            input: nothing,
            output: { type: 'integer', minimum: 0, maximum: 9 },
          },
        ],
      },
      { 'seven.wasm': constantModule('7') },
    );
    app = await mkdtemp(join(tmpdir(), 'nmp-packed-'));
    const at = { cwd: app };
    await run('npm', ['pack', '--silent', '--pack-destination', app], { cwd: root });
    const [tarball = ''] = (await readdir(app)).filter((file) => file.endsWith('.tgz'));
    await writeFile(join(app, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
    await copyFile(join(root, 'examples', 'client', EXAMPLE), join(app, EXAMPLE));
    await writeFile(join(app, 'policy.json'), JSON.stringify(node.policy));
    const options = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
    await run('npm', ['install', ...options, join(app, tarball)], at);
  }, 300_000);
  afterAll(async () => {
    await node.stop();
    await rm(app, { recursive: true, force: true });
  });

  it('has types that a strict application compiles against', { timeout: 60_000 }, async () => {
    const tsconfig = {
      compilerOptions: {
        target: 'ES2024',
        lib: ['ES2024', 'ESNext.Disposable', 'DOM'],
        module: 'NodeNext',
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        types: ['node'],
        typeRoots: [join(root, 'node_modules', '@types')],
      },
      files: [EXAMPLE],
    };
    await writeFile(join(app, 'tsconfig.json'), JSON.stringify(tsconfig));
    const { stdout } = await run(join(bin, 'tsc'), ['-p', app]);
    expect(stdout).toBe('');
  });

  it('runs', { timeout: 60_000 }, async () => {
    const args = [EXAMPLE, node.parent.address, 'policy.json', 'seven'];
    const { stdout } = await run(process.execPath, args, { cwd: app });
    expect(JSON.parse(stdout)).toEqual({ output: 7, verdict: 'pass', simulated: true });
  });

  it('brings the command line, with the bridge', { timeout: 60_000 }, async () => {
    const nmp = join(app, 'node_modules', '.bin', 'nmp');
    const { stdout } = await run(process.execPath, [nmp, 'mcp', '--help'], { cwd: app });
    expect(stdout).toContain('--policy');
    const loaded = [
      '-e',
      "import('nmp-enclave/mcp').then((m) => console.log(typeof m.NmpMcpBridge))",
    ];
    expect((await run(process.execPath, loaded, { cwd: app })).stdout).toContain('function');
  });
});
