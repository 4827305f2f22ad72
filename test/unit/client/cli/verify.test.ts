import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../../../shared/bytes.ts';
import { build, fingerprint, NONCE, NOW, pcrValue } from '../../attestation/adversary/draft.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const folder = mkdtempSync(join(tmpdir(), 'nmp-verify-'));
const file = (name: string) => join(folder, name);
const { bytes, root } = build();
const release = { pcr0: toHex(pcrValue(0)), pcr1: toHex(pcrValue(1)), pcr2: toHex(pcrValue(2)) };
const AT = ['--at', new Date(NOW).toISOString()];
const HEX = toHex(NONCE);

function policy(name: string, over: Record<string, unknown>): void {
  const value = { version: 1, releases: [release], anchors: [fingerprint(root)], ...over };
  writeFileSync(file(name), JSON.stringify(value));
}

beforeAll(() => {
  writeFileSync(file('document.bin'), bytes);
  writeFileSync(file('document.b64'), Buffer.from(bytes).toString('base64'));
  writeFileSync(file('document.hex'), Buffer.from(bytes).toString('hex'));
  const broken = Uint8Array.from(bytes);
  broken[broken.length - 1]! ^= 1;
  writeFileSync(file('broken.bin'), broken);
  writeFileSync(file('root.der'), root);
  policy('good.json', {});
  policy('empty.json', { releases: [] });
  policy('other.json', { releases: [{ ...release, pcr0: 'ab'.repeat(48) }] });
  policy('aws-only.json', { anchors: ['ab'.repeat(32)] });
});
afterAll(() => rmSync(folder, { recursive: true }));

function nmp(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const node = join(ROOT, 'node_modules/.bin/node');
  return spawnSync(node, ['client/cli/main.ts', 'verify', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 30_000,
  });
}
const judge = (document: string, policyFile: string, ...more: string[]) =>
  nmp(
    '--document',
    file(document),
    '--root',
    file('root.der'),
    '--policy',
    file(policyFile),
    ...AT,
    ...more,
  );

describe('nmp verify', () => {
  it.each(['document.bin', 'document.b64', 'document.hex'])('accepts %s with exit 0', (name) => {
    const { status, stdout } = judge(name, 'good.json', '--nonce', HEX, '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'pass', mode: 'aws', simulated: false });
  });

  it.each([
    [5, 'a broken signature', 'broken.bin', 'good.json', [], 'ATTESTATION_SIGNATURE'],
    [5, 'another nonce', 'document.bin', 'good.json', ['--nonce', '00'], 'ATTESTATION_NONCE'],
    [7, 'other measurements', 'document.bin', 'other.json', [], 'ATTESTATION_PCR_UNKNOWN'],
    [8, 'a root not named', 'document.bin', 'aws-only.json', [], 'ATTESTATION_SIMULATED'],
  ] as const)('exits with %i for %s', (exit, _, document, policyFile, more, code) => {
    const { status, stdout } = judge(document, policyFile, ...more);
    expect(status).toBe(exit);
    expect(stdout).toContain(code);
    expect(stdout).toContain('remedy');
  });

  it('exits with 5 for a root that is not pinned, without --root', () => {
    const { status, stdout } = nmp('--document', file('document.bin'), '--evidence-only', ...AT);
    expect(status).toBe(5);
    expect(stdout).toContain('ATTESTATION_ROOT');
  });

  it.each([
    ['an empty policy', () => judge('document.bin', 'empty.json')],
    ['no policy', () => nmp('--document', file('document.bin'))],
    ['a missing file', () => judge('absent.bin', 'good.json')],
    ['a time that is none', () => judge('document.bin', 'good.json', '--at', 'noon')],
    ['a nonce that is no hex', () => judge('document.bin', 'good.json', '--nonce', 'xyz')],
    ['both policy and evidence only', () => judge('document.bin', 'good.json', '--evidence-only')],
  ] as const)('exits with 2 for %s and leaves stdout empty', (_, run) => {
    const { status, stdout, stderr } = run();
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).not.toBe('');
  });
});
