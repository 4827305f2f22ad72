import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createFileKeeper } from '../../../../client/trust/trust-file.ts';
import {
  createMemoryKeeper,
  EMPTY_TRUST,
  parseTrust,
  releaseOf,
  TrustStore,
} from '../../../../client/trust/trust-store.ts';
import { codeOf, codeOfAsync } from '../../../support/code-of.ts';

const NOW = '2026-07-28T00:00:00.000Z';
const values = { pcr0: 'a'.repeat(96), pcr1: 'b'.repeat(96), pcr2: 'c'.repeat(96) };
const ONE = '1'.repeat(64);
const TWO = '2'.repeat(64);

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});
async function fileIn(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nmp-trust-'));
  folders.push(folder);
  return join(folder, 'deeper', 'trust.json');
}

describe('the trust store', () => {
  it('keeps approved measurements, each once, as releases of a policy', async () => {
    const store = new TrustStore(createMemoryKeeper(), () => NOW);
    await store.approveMeasurement(values);
    await store.approveMeasurement(values);
    const { measurements } = await store.read();
    expect(measurements).toEqual([{ ...values, approvedAt: NOW }]);
    expect(measurements.map(releaseOf)).toEqual([values]);
  });

  it('pins what it sees first, and notices what differs since', async () => {
    const store = new TrustStore(createMemoryKeeper(), () => NOW);
    expect(await store.see('peer', 'c@1', ONE)).toBe('new');
    expect(await store.see('peer', 'c@1', ONE)).toBe('pinned');
    expect(await store.see('peer', 'c@1', TWO)).toBe('changed');
    expect(await store.see('peer', 'c@1', TWO)).toBe('changed');
    expect(await store.see('other', 'c@1', TWO)).toBe('new');
    expect(await store.see('peer', 'c@1', ONE)).toBe('pinned');
    expect(await store.approveCapability('peer', 'c@1')).toBe(true);
    expect(await store.see('peer', 'c@1', TWO)).toBe('pinned');
    expect(await store.approveCapability('peer', 'c@1')).toBe(false);
  });

  it('forgets by PCR0 or by peer', async () => {
    const store = new TrustStore(createMemoryKeeper(), () => NOW);
    await store.approveMeasurement(values);
    await store.see('peer', 'c@1', ONE);
    await store.see('peer', 'd@1', ONE);
    expect(await store.revoke(values.pcr0)).toBe(1);
    expect(await store.revoke('peer')).toBe(2);
    expect(await store.revoke('peer')).toBe(0);
    expect(await store.read()).toEqual(EMPTY_TRUST);
  });

  it('never pushes out a pin for a new name', async () => {
    const full = {
      ...EMPTY_TRUST,
      capabilities: Array.from({ length: 1024 }, (_, i) => ({
        peer: 'peer',
        capability: `c${i}@1`,
        digest: ONE,
        pinnedAt: NOW,
      })),
    };
    const store = new TrustStore(createMemoryKeeper(full), () => NOW);
    expect(await store.see('peer', 'one-more@1', ONE)).toBe('changed');
    expect(await store.see('peer', 'c0@1', ONE)).toBe('pinned');
  });

  it('loses nothing when changes come at once', async () => {
    const file = await fileIn();
    const store = new TrustStore(createFileKeeper(file), () => NOW);
    await Promise.all(Array.from({ length: 20 }, (_, i) => store.see('peer', `c${i}@1`, ONE)));
    expect((await store.read()).capabilities).toHaveLength(20);
  });

  it('is a file that only its owner reads, replaced whole', async () => {
    const file = await fileIn();
    const store = new TrustStore(createFileKeeper(file), () => NOW);
    expect(await store.read()).toEqual(EMPTY_TRUST);
    await store.approveMeasurement(values);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(parseTrust(await readFile(file, 'utf8'), file).measurements).toHaveLength(1);
    await writeFile(file, '{"version":1');
    expect(await codeOfAsync(store.read())).toBe('CONFIG_INVALID');
  });

  it.each([
    ['no JSON', '{'],
    ['another version', JSON.stringify({ ...EMPTY_TRUST, version: 2 })],
    ['a further key', JSON.stringify({ ...EMPTY_TRUST, all: true })],
    [
      'a short PCR',
      JSON.stringify({
        ...EMPTY_TRUST,
        measurements: [{ ...values, pcr0: 'a', approvedAt: NOW }],
      }),
    ],
    ['more than a mebi of characters', `${' '.repeat(1_048_577)}${JSON.stringify(EMPTY_TRUST)}`],
  ])('refuses %s', (_what, text) => {
    expect(codeOf(() => parseTrust(text, 'trust.json'))).toBe('CONFIG_INVALID');
  });
});
