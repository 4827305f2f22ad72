import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeEif } from '../../../../enclave/image/describe.ts';
import { writeEif } from '../../../../enclave/image/eif-write.ts';
import { packRamdisk } from '../../../../enclave/image/ramdisk.ts';
import { utf8 } from '../../../../shared/bytes.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const folder = mkdtempSync(join(tmpdir(), 'nmp-image-'));
const file = (name: string) => join(folder, name);

function nmp(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const node = join(ROOT, 'node_modules/.bin/node');
  return spawnSync(node, ['client/cli/main.ts', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 30_000,
  });
}

function image(text: string): Uint8Array {
  const main = { kind: 'file', path: 'app/main.mjs', mode: 0o444, data: utf8(text) } as const;
  return writeEif({
    arch: 'x86_64',
    kernel: utf8('kernel'),
    cmdline: utf8('console=ttyS0'),
    ramdisks: [utf8('no archive'), packRamdisk([main])],
  });
}

beforeAll(() => {
  writeFileSync(file('a.eif'), image('one'));
  writeFileSync(file('b.eif'), image('two'));
  writeFileSync(file('a.json'), JSON.stringify(describeEif(image('one'))));
  writeFileSync(file('cut.eif'), image('one').subarray(0, 600));
  writeFileSync(file('other.json'), '{}');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('nmp inspect eif', () => {
  it('shows measurements and files, as text and as JSON', () => {
    const { status, stdout } = nmp('inspect', 'eif', file('a.eif'));
    expect(status).toBe(0);
    expect(stdout).toContain('"app/main.mjs"');
    expect(stdout).toContain('in a form that is not read');
    const json: unknown = JSON.parse(nmp('inspect', 'eif', file('a.eif'), '--json').stdout);
    expect(json).toEqual(describeEif(image('one')));
  });

  it('refuses a cut image by code and exit', () => {
    const { status, stderr } = nmp('inspect', 'eif', file('cut.eif'));
    expect(status).toBe(2);
    expect(stderr).toContain('EIF_CRC');
  });
});

describe('nmp pcrs', () => {
  it('shows the same PCRs of an image and of its pcrs.json', () => {
    const { pcrs } = describeEif(image('one'));
    expect(JSON.parse(nmp('pcrs', 'show', file('a.eif'), '--json').stdout)).toEqual(pcrs);
    expect(nmp('pcrs', 'show', file('a.json')).stdout).toContain(pcrs.PCR0);
  });

  it('finds no difference with exit 0, and names the file with exit 7', () => {
    const same = nmp('pcrs', 'diff', file('a.eif'), file('a.json'));
    expect(same.status).toBe(0);
    const { status, stdout } = nmp('pcrs', 'diff', file('a.json'), file('b.eif'));
    expect(status).toBe(7);
    expect(stdout).toContain('ramdisk 2: app/main.mjs');
    const json = nmp('pcrs', 'diff', file('a.eif'), file('b.eif'), '--json');
    expect(JSON.parse(json.stdout)).toHaveLength(3);
  });

  it('writes the statement of a key policy, with every PCR of the image', () => {
    const role = 'arn:aws:iam::111122223333:role/nmp';
    const { status, stdout } = nmp('pcrs', 'kms', file('a.json'), '--role', role);
    expect(status).toBe(0);
    const { pcrs } = describeEif(image('one'));
    expect(JSON.parse(stdout)).toMatchObject({
      Effect: 'Allow',
      Principal: { AWS: role },
      Action: 'kms:Decrypt',
      Condition: {
        StringEqualsIgnoreCase: {
          'kms:RecipientAttestation:ImageSha384': pcrs.PCR0,
          'kms:RecipientAttestation:PCR1': pcrs.PCR1,
          'kms:RecipientAttestation:PCR2': pcrs.PCR2,
        },
      },
    });
    expect(nmp('pcrs', 'kms', file('a.json'), '--role', '*').status).toBe(2);
  });

  it('refuses a file that is no pcrs.json', () => {
    expect(nmp('pcrs', 'show', file('other.json')).status).toBe(2);
  });
});

describe('nmp start with an image', () => {
  const start = (name: string, ...args: string[]) =>
    nmp('start', '--config', 'examples/nmp.node.json', '--image', file(name), ...args);

  it.each<[string, number, readonly string[]]>([
    ['EIF_CRC', 2, ['cut.eif']],
    ['IMAGE_MEMORY', 2, ['a.eif', '--memory', '64']],
    ['USAGE', 2, ['a.eif', '--memory', 'much']],
    ['USAGE', 2, ['a.eif', '--pcrs', join(folder, 'other.json')]],
    ['IMAGE_PCR', 7, ['b.eif', '--pcrs', join(folder, 'a.json')]],
    ['ENCLAVE_RUN', 3, ['a.eif', '--nitro-cli', join(folder, 'missing')]],
    ['ENCLAVE_RUN', 3, ['a.eif', '--qemu', folder]],
  ])('says %s before anything runs', (code, exit, [name = '', ...args]) => {
    const { status, stderr } = start(name, ...args);
    expect(stderr).toContain(code);
    expect(status).toBe(exit);
  });
});

describe('nmp doctor', () => {
  it('examines this machine and an image, as text and as JSON', () => {
    const text = nmp('doctor', '--image', file('a.eif'));
    expect(text.stdout).toMatch(/^pass {2}image +needs \d+ MiB/m);
    expect([0, 3]).toContain(text.status);
    const findings = JSON.parse(nmp('doctor', '--image', file('cut.eif'), '--json').stdout);
    expect(findings.at(-1)).toMatchObject({ id: 'image', status: 'fail', code: 'EIF_CRC' });
    expect(nmp('doctor', '--region', 'x;y').status).toBe(2);
    expect(nmp('doctor', '--cpus', '0').status).toBe(2);
  });
});
