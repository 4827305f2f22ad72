/** The way of a release: two signers, the log, a client that remembers. */
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../../../..');
const folder = mkdtempSync(join(tmpdir(), 'nmp-release-'));
const file = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

function nmp(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const node = join(ROOT, 'node_modules/.bin/node');
  const main = join(ROOT, 'client/cli/main.ts');
  const options = { cwd: folder, encoding: 'utf8', timeout: 30_000 } as const;
  return spawnSync(node, [main, 'release', ...args], options);
}

/** Runs a command that must succeed, and keeps what it printed. */
function keep(name: string, ...args: string[]): void {
  const { status, stdout, stderr } = nmp(...args);
  expect(status, stderr).toBe(0);
  writeFileSync(file(name), stdout);
}

beforeAll(() => {
  for (const name of ['a', 'b', 'log']) {
    const { privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(file(`${name}.pem`), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  }
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(file('rsa.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const pcr = (byte: string) => byte.repeat(48);
  writeFileSync(
    file('pcrs.json'),
    JSON.stringify({ PCR0: pcr('a0'), PCR1: pcr('a1'), PCR2: pcr('a2'), PCR8: pcr('00') }),
  );
  writeFileSync(file('sbom.json'), '{}');
  const id = (name: string) => nmp('public-key', `${name}.pem`).stdout.trim();
  const trust = { version: 1, origin: 'ex.example/nmp', threshold: 2 };
  writeFileSync(
    file('trust.json'),
    JSON.stringify({ ...trust, logKey: id('log'), signers: [id('a'), id('b')] }),
  );
}, 60_000);

const fresh = (sequence: number) => [
  ...['sign', '--pcrs', 'pcrs.json', '--sbom', 'sbom.json', '--key', 'a.pem'],
  ...['--label', `1.${sequence}.0`, '--sequence', String(sequence)],
];
const LOG = ['log', '--log', 'log.jsonl', '--origin', 'ex.example/nmp', '--key', 'log.pem'];
const VERIFY = ['verify', '--trust', 'trust.json', '--state', 'state.json', '--json', '--bundle'];

it('signs, logs and verifies two releases, and goes back to none', () => {
  keep('one-a.json', ...fresh(1));
  keep('one.json', 'sign', '--release', 'one-a.json', '--key', 'b.pem');
  keep('one-bundle.json', ...LOG, '--append', 'one.json');
  const first = nmp(...VERIFY, 'one-bundle.json');
  expect(first.status, first.stderr).toBe(0);
  const { manifest, verdict } = JSON.parse(first.stdout);
  expect([verdict, manifest.measurements.pcr0]).toEqual(['pass', 'a0'.repeat(48)]);
  // An image that nobody signed has PCR8 all zero: nothing to pin.
  expect(manifest.measurements.pcr8).toBeUndefined();

  keep('two-a.json', ...fresh(2));
  keep('two.json', 'sign', '--release', 'two-a.json', '--key', 'b.pem');
  keep('two-bundle.json', ...LOG, '--append', 'two.json', '--from', '1');
  expect(nmp(...VERIFY, 'two-bundle.json').status).toBe(0);
  expect(JSON.parse(readFileSync(file('state.json'), 'utf8'))).toMatchObject({
    size: 2,
    sequence: 2,
  });
  expect(JSON.parse(nmp(...VERIFY, 'one-bundle.json').stdout).error.code).toBe(
    'RELEASE_LOG_REWRITTEN',
  );
  keep('one-again.json', ...LOG, '--index', '0', '--from', '2');
  const back = nmp(...VERIFY, 'one-again.json');
  expect([back.status, JSON.parse(back.stdout).error.code]).toEqual([5, 'RELEASE_ROLLBACK']);
}, 120_000);

it('takes no lower sequence, no lone signature, no other key', () => {
  keep('lone.json', ...fresh(3));
  keep('lone-bundle.json', ...LOG, '--append', 'lone.json', '--from', '2');
  expect(JSON.parse(nmp(...VERIFY, 'lone-bundle.json').stdout).error.code).toBe(
    'RELEASE_SIGNATURES',
  );
  expect(nmp(...LOG, '--append', 'one.json').stderr).toContain('RELEASE_ROLLBACK');
  const rsa = nmp('sign', '--release', 'one.json', '--key', 'rsa.pem');
  expect([rsa.status, rsa.stdout]).toEqual([2, '']);
  expect(nmp('public-key', 'sbom.json').status).toBe(2);
  expect(nmp(...LOG, '--index', '9').status).toBe(2);
  writeFileSync(file('log.jsonl'), 'not a log\n');
  expect(nmp(...LOG).stderr).toContain('RELEASE_MALFORMED');
}, 120_000);
