/** `nmp guard` and `nmp inspect module` as an operator calls them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { build, pure } from './build.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'nmp-guard-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content: Uint8Array | string) => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const nmp = (...words: readonly string[]) => {
  const main = join(root, 'client', 'cli', 'main.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr, lines: stdout.split('\n').filter((line) => line !== '') };
};

const good = file('good.wasm', pure());
const bad = file('bad.wasm', build({ memories: [[0, 0x80, 0x80, 4]] }));

describe('nmp guard', () => {
  it('prints one JSON line a file and exits 0 if all are accepted', () => {
    const { status, lines } = nmp('guard', good, good);
    expect(status).toBe(0);
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      file: good,
      verdict: 'accept',
      reasons: [],
      facts: { abi: 'pure' },
    });
  });

  it('exits 4 if any is refused', () => {
    const { status, lines } = nmp('guard', good, bad);
    expect(status).toBe(4);
    expect(JSON.parse(lines[1] as string)).toMatchObject({
      verdict: 'reject',
      reasons: ['MEMORY_LIMIT'],
    });
  });

  it('takes manifest and policy', () => {
    const manifest = file('m.json', '{"entry":"main","capabilities":[]}');
    expect(nmp('guard', '--manifest', manifest, good).status).toBe(4);
    const policy = file('p.json', '{"limits":{"memoryPages":65536}}');
    expect(nmp('guard', '--policy', policy, bad).status).toBe(0);
  });

  it.each([
    ['no file', []],
    ['a file that is not there', [join(folder, 'none.wasm')]],
    ['a missing file among good ones', [good, join(folder, 'none.wasm')]],
    ['a manifest that does not fit', ['--manifest', file('bad.json', '{"x":1}'), good]],
    ['an unknown option', ['--force', good]],
  ])('exits 2 for %s and prints no verdict', (_, words) => {
    const { status, stdout } = nmp('guard', ...words);
    expect(status).toBe(2);
    expect(stdout).toBe('');
  });
});
