/** The built command line as a stranger runs it. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const program = join(root, 'dist', 'client', 'cli', 'main.js');
let folder: string;

beforeAll(async () => {
  expect(existsSync(program), 'dist/ is missing: run make build').toBe(true);
  folder = await mkdtemp(join(tmpdir(), 'nmp-built-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function nmp(
  ...args: readonly string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { cwd: root }, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : 0;
      resolve({ code, stdout, stderr });
    });
  });
}

describe('the built nmp', () => {
  it('plays every scene of the demo and writes a page that says SIMULATED', async () => {
    const page = join(folder, 'report.html');
    const { code, stdout } = await nmp('demo', '--stored-proof', '--json', '--out', page);
    const result = JSON.parse(stdout);
    const held = result.scenes.map((scene: { name: string; held: boolean }) => [
      scene.name,
      scene.held,
    ]);
    expect(held).toEqual([
      ['honest', true],
      ['leak', true],
      ['sockets', true],
      ['endless', true],
      ['lying-parent', true],
      ['receipt', true],
    ]);
    expect(result.simulated).toBe(true);
    expect(code).toBe(0);
    const html = await readFile(page, 'utf8');
    expect(html).toContain('SIMULATED');
    expect(html).not.toMatch(/<script|https?:\/\//);
  });

  it('builds logic, judges modules and scans with one JSON line each', async () => {
    const module = join(folder, 'cohort.wasm');
    const source = join('examples', 'logic', 'assembly', 'cohort-statistics.ts');
    const built = await nmp('build', source, '-o', module, '--json');
    expect(JSON.parse(built.stdout)).toMatchObject({ verdict: 'accept' });
    const judged = await nmp('guard', module, join('examples', 'logic', 'sockets.wasm'));
    const verdicts = judged.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).verdict);
    expect(verdicts).toEqual(['accept', 'reject']);
    expect(judged.code).toBe(4);
  });

  it('answers wrong use with exit 2, and an unreachable node with exit 3', async () => {
    expect((await nmp('verify')).code).toBe(2);
    expect((await nmp('no-such-command')).code).toBe(2);
    expect((await nmp('--help')).code).toBe(0);
    const policy = join(folder, 'policy.json');
    const pcr = '1'.repeat(96);
    await writeFile(
      policy,
      JSON.stringify({ version: 1, releases: [{ pcr0: pcr, pcr1: pcr, pcr2: pcr }] }),
    );
    const call = await nmp(
      'call',
      '--node',
      '/ip4/127.0.0.1/tcp/1',
      '--capability',
      'x',
      '--policy',
      policy,
      '--json',
    );
    expect(call.code).toBe(3);
    expect(JSON.parse(call.stdout).error.code).toBe('UNREACHABLE');
  });
});
