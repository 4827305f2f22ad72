import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFileKeeper } from '../../../../client/trust/trust-file.ts';
import { TrustStore } from '../../../../client/trust/trust-store.ts';

const main = join(import.meta.dirname, '..', '..', '..', '..', 'client', 'cli', 'main.ts');
let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nmp-trust-cli-'));
  file = join(folder, 'trust.json');
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

async function nmp(...args: readonly string[]): Promise<{ exit: number; stdout: string }> {
  try {
    const all = [main, 'trust', ...args, '--trust', file, '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, all);
    return { exit: 0, stdout };
  } catch (error) {
    return { exit: Number(Reflect.get(Object(error), 'code')), stdout: '' };
  }
}

const PCRS = ['a', 'b', 'c'].map((digit) => digit.repeat(96));

describe('nmp trust', () => {
  it('approves, lists and revokes an image', async () => {
    expect(JSON.parse((await nmp('list')).stdout)).toMatchObject({ measurements: [] });
    expect((await nmp('approve', ...PCRS)).exit).toBe(0);
    expect(JSON.parse((await nmp('list')).stdout)).toMatchObject({
      measurements: [{ pcr0: PCRS[0], pcr1: PCRS[1], pcr2: PCRS[2] }],
    });
    expect((await nmp('revoke', PCRS[0] ?? '')).exit).toBe(0);
    expect((await nmp('revoke', PCRS[0] ?? '')).exit).toBe(2);
  });

  it('approves a description that changed, and only one that did', async () => {
    const store = new TrustStore(createFileKeeper(file), () => '2026-07-28T00:00:00.000Z');
    await store.see('peer', 'c@1', '1'.repeat(64));
    expect((await nmp('approve', 'peer', 'c@1')).exit).toBe(2);
    await store.see('peer', 'c@1', '2'.repeat(64));
    expect((await nmp('approve', 'peer', 'c@1')).exit).toBe(0);
    expect(await store.see('peer', 'c@1', '2'.repeat(64))).toBe('pinned');
  });

  it.each([
    ['no hex', ['x', 'y', 'z']],
    ['four values', [...PCRS, 'd'.repeat(96)]],
    ['upper case', PCRS.map((value) => value.toUpperCase())],
  ])('refuses a measurement of %s', async (_what, values) => {
    expect((await nmp('approve', ...values)).exit).toBe(2);
  });
});
