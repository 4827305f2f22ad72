/** What goes into the image, that nothing else does, and that packing it twice gives the same. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageManifest } from '../../../enclave/image/build.ts';
import { bundleNode } from '../../../enclave/image/bundle.ts';
import { imageContents } from '../../../enclave/image/contents.ts';
import { unpackDebian } from '../../../enclave/image/debian.ts';
import { stripElf } from '../../../enclave/image/elf.ts';
import { fileTable } from '../../../enclave/image/file-table.ts';
import type { ImageEntry } from '../../../enclave/image/origin.ts';
import { DEBIAN } from '../../../enclave/image/pins.ts';
import { sbomOf } from '../../../enclave/image/sbom.ts';
import { fromUtf8 } from '../../../shared/bytes.ts';
import { isNmpError } from '../../../shared/errors.ts';
import { codeOf, codeOfAsync } from '../../support/code-of.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const CACHE = process.env.NMP_CACHE ?? join(homedir(), '.cache', 'nmp-enclave');
const folder = mkdtempSync(join(tmpdir(), 'nmp-contents-'));
const native = join(folder, 'native');
const config = join(folder, 'config', 'nmp.node.json');
const NATIVE = ['guard.node', 'scan.node', 'nmp-sandbox', 'nmp-agent'];

const columns = [{ name: 'a', type: 'utf8' }];
const dataset = { id: 'd', format: 'csv', path: 'data/d.csv', classification: 'public', columns };
const capability = {
  name: 'c',
  version: '1.0.0',
  datasets: [],
  input: { type: 'object', properties: {}, additionalProperties: false },
  output: { type: 'integer', minimum: 0, maximum: 9 },
  limits: { fuel: 1000, deadlineMs: 1000 },
};
const CONFIG = {
  version: 1,
  listen: { host: '127.0.0.1', port: 0 },
  datasets: [dataset],
  capabilities: [],
};

function writeConfig(name: string, change: object): string {
  const file = join(folder, 'config', name);
  writeFileSync(file, JSON.stringify({ ...CONFIG, ...change }));
  return file;
}

/** Debian's packages come from the network the first time; without them nothing here can run. */
async function packagesAreThere(): Promise<boolean> {
  try {
    for (const pin of DEBIAN) await unpackDebian(pin, CACHE);
    return true;
  } catch (error) {
    if (!isNmpError(error, 'IMAGE_INPUT') || process.getuid?.() === 0) throw error;
    return false;
  }
}
const there = await packagesAreThere();

beforeAll(() => {
  mkdirSync(native);
  for (const name of NATIVE) writeFileSync(join(native, name), `stands for ${name}`);
  mkdirSync(join(folder, 'config', 'data'), { recursive: true });
  writeFileSync(join(folder, 'config', 'data', 'd.csv'), 'a\nx\n');
  writeFileSync(config, JSON.stringify(CONFIG));
});
afterAll(() => rmSync(folder, { recursive: true }));

const contentsOf = (file: string, parts = native) =>
  imageContents({
    root: ROOT,
    native: parts,
    cache: CACHE,
    config: file,
    profile: 'release',
    version: '0.0.0',
  });

describe('the bundle', () => {
  it('of a release has nothing that simulates', async () => {
    const { code } = await bundleNode(ROOT, 'release');
    const text = fromUtf8(code);
    expect(text).not.toContain('SIMULATED nmp-enclave root');
    expect(text).not.toContain('createSimulatedNsm');
    expect(fromUtf8((await bundleNode(ROOT, 'sim')).code)).toContain('SIMULATED nmp-enclave root');
  });

  it('names its packages with version and hash, and holds no path of this machine', async () => {
    const { code, packages } = await bundleNode(ROOT, 'release');
    expect(packages.map(({ name }) => name)).toContain('libp2p');
    for (const { version, integrity } of packages) {
      expect(version).toMatch(/^\d+\.\d+\.\d+/);
      expect(integrity).toMatch(/^sha512-/);
    }
    expect(fromUtf8(code)).not.toContain(ROOT);
  });
});

describe.skipIf(!there)('the contents', () => {
  let all: readonly ImageEntry[];
  beforeAll(async () => {
    const { boot, application } = await contentsOf(config);
    all = [...boot, ...application];
  });

  it('have the native part of QUIC if the configuration asks for it, and name it', async () => {
    const name = '@chainsafe/libp2p-quic-linux-x64-gnu';
    const { application, bundle } = await contentsOf(writeConfig('quic.json', { quic: true }));
    const addon = application.find(({ origin }) => origin.package === name);
    expect(addon).toMatchObject({ path: 'app/libp2p-quic.linux-x64-gnu.node', mode: 0o555 });
    expect(bundle.packages.find((known) => known.name === name)?.version).toBe('2.1.1');
    const without = await contentsOf(config);
    expect(without.bundle.packages.map((known) => known.name)).not.toContain(name);
  });

  it('are these and no others', () => {
    expect(all.map(({ path }) => path).sort()).toEqual([
      'app/command',
      'app/config/data/d.csv',
      'app/config/nmp.node.json',
      'app/main.mjs',
      'app/native/guard.node',
      'app/native/nmp-sandbox',
      'app/native/scan.node',
      'app/node',
      'app/package.json',
      'app/script-engine.wasm',
      'dev/console',
      'dev/null',
      'init',
      'lib/x86_64-linux-gnu/ld-linux-x86-64.so.2',
      'lib/x86_64-linux-gnu/libc.so.6',
      'lib/x86_64-linux-gnu/libdl.so.2',
      'lib/x86_64-linux-gnu/libgcc_s.so.1',
      'lib/x86_64-linux-gnu/libm.so.6',
      'lib/x86_64-linux-gnu/libpthread.so.0',
      'lib/x86_64-linux-gnu/libstdc++.so.6',
      'lib64/ld-linux-x86-64.so.2',
      'proc',
      'run',
      'tmp',
    ]);
  });

  it('are those that docs/image.md lists, with their packages and reasons', async () => {
    const { boot, application } = await imageContents({
      root: ROOT,
      native,
      cache: CACHE,
      config,
      profile: 'release',
      version: 'this release',
    });
    const docs = readFileSync(join(ROOT, 'docs', 'image.md'), 'utf8');
    expect(docs).toContain(fileTable({ boot, application }));
  });

  it('can be written by nobody and say where they come from', () => {
    for (const { kind, mode, origin } of all) {
      if (kind === 'file') expect(mode & 0o222).toBe(0);
      expect(mode & 0o6000).toBe(0);
      expect(origin.reason.length).toBeGreaterThan(3);
      expect(origin.version).not.toBe('');
    }
  });

  it.each<[string, object]>([
    ['an identity file', { identityFile: 'identity' }],
    [
      'a dataset sealed with a key file',
      { datasets: [{ ...dataset, sealed: { keyFile: 'key' } }] },
    ],
    [
      'a capability that wants proofs',
      { capabilities: [{ ...capability, proofModes: ['stark-composite'] }] },
    ],
    ['a capability that counts', { capabilities: [{ ...capability, egress: { quotaBits: 100 } }] }],
    ['a dataset above its folder', { datasets: [{ ...dataset, path: '../d.csv' }] }],
    ['a dataset by an absolute path', { datasets: [{ ...dataset, path: '/etc/passwd' }] }],
    ['a dataset that is not there', { datasets: [{ ...dataset, path: 'none.csv' }] }],
  ])('are refused with %s', async (_, change) => {
    expect(await codeOfAsync(contentsOf(writeConfig('bad.json', change)))).toBe('IMAGE_INPUT');
  });

  it('have what a dataset sealed for a key service needs, its TLS roots with it', async () => {
    writeFileSync(join(folder, 'config', 'roots.pem'), 'PEM');
    const kms = {
      keyId: 'arn:aws:kms:eu-central-1:111122223333:key/1234',
      endpoint: 'https://kms.test',
      ca: 'roots.pem',
    };
    const file = writeConfig('sealed.json', { datasets: [{ ...dataset, sealed: { kms } }] });
    const { application } = await contentsOf(file);
    const paths = application.map(({ path }) => path);
    expect(paths).toContain('app/config/roots.pem');
    expect(paths).toContain('app/config/data/d.csv');
  });

  it('are refused without a native part or with a configuration that is none', async () => {
    expect(await codeOfAsync(contentsOf(config, folder))).toBe('IMAGE_INPUT');
    const bad = writeConfig('worse.json', { datasets: 1 });
    expect(await codeOfAsync(contentsOf(bad))).toBe('CONFIG_INVALID');
  });

  it('pack to the same bytes from another folder, at another time, under another umask', () => {
    const copy = join(folder, 'elsewhere', 'deeper');
    mkdirSync(copy, { recursive: true });
    for (const part of ['enclave', 'shared', 'package.json', 'package-lock.json', 'test/support']) {
      cpSync(join(ROOT, part), join(copy, part), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    utimesSync(join(copy, 'enclave', 'main.ts'), 1, 1);
    const pack = (root: string, umask: string, env: Readonly<Record<string, string>>) =>
      execFileSync(
        'bash',
        [
          ...['-c', `umask ${umask}; exec "$@"`, 'bash', process.execPath],
          ...['--preserve-symlinks', join(root, 'test', 'support', 'pack-image.ts')],
          ...[root, native, CACHE, config],
        ],
        { cwd: root, encoding: 'utf8', env: { PATH: process.env.PATH ?? '', ...env } },
      );
    const here = pack(ROOT, '022', { TZ: 'UTC', LC_ALL: 'C.UTF-8', HOME: '/root' });
    const other = pack(copy, '077', { TZ: 'Asia/Kathmandu', LC_ALL: 'C', HOME: folder });
    expect(other).toBe(here);
  });
});

describe('Debian’s packages', () => {
  it('are refused if they are another file or gone', async () => {
    const [pin] = DEBIAN;
    if (pin === undefined) throw new Error('no pin');
    const gone = { ...pin, version: '0.0-0', sha256: '0'.repeat(64) };
    expect(await codeOfAsync(unpackDebian(gone, join(folder, 'cache')))).toBe('IMAGE_INPUT');
  });

  it.skipIf(!there)('are refused if their hash differs', async () => {
    const [, pin] = DEBIAN;
    if (pin === undefined) throw new Error('no pin');
    const other = { ...pin, sha256: '0'.repeat(64) };
    expect(await codeOfAsync(unpackDebian(other, join(folder, 'cache')))).toBe('IMAGE_INPUT');
  });
});

describe('a stripped program', () => {
  /** One program header over the first 200 bytes, then what only debuggers read. */
  function elf(change: (view: DataView) => void = () => undefined): Uint8Array {
    const bytes = new Uint8Array(400).fill(0xee);
    bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1], 0);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(32, 64n, true);
    view.setBigUint64(40, 300n, true);
    view.setUint16(54, 56, true);
    view.setUint16(56, 1, true);
    view.setBigUint64(64 + 8, 0n, true);
    view.setBigUint64(64 + 32, 200n, true);
    change(view);
    return bytes;
  }

  it('ends with its last segment and has no section table', () => {
    const stripped = stripElf(elf());
    expect(stripped).toHaveLength(200);
    const view = new DataView(stripped.buffer);
    expect(view.getBigUint64(40, true)).toBe(0n);
    expect(view.getUint16(60, true)).toBe(0);
    expect(stripped.subarray(64)).toEqual(elf().subarray(64, 200));
  });

  it.each<[string, Uint8Array]>([
    ['text', new TextEncoder().encode('#!/bin/sh'.repeat(20))],
    ['32 bits', elf((view) => view.setUint8(4, 1))],
    ['the other byte order', elf((view) => view.setUint8(5, 2))],
    ['no segment', elf((view) => view.setUint16(56, 0, true))],
    ['a table past its end', elf((view) => view.setUint16(56, 60_000, true))],
    ['a segment past its end', elf((view) => view.setBigUint64(64 + 32, 10_000n, true))],
  ])('cannot be made of %s', (_, bytes) => {
    expect(codeOf(() => stripElf(bytes))).toBe('IMAGE_INPUT');
  });

  it('still runs', () => {
    const out = join(folder, 'stripped-true');
    const whole = execFileSync('cat', ['/bin/true'], { maxBuffer: 1e8 });
    writeFileSync(out, stripElf(Uint8Array.from(whole)), { mode: 0o755 });
    execFileSync(out);
  });
});

it('the bill of materials lists every part once, with a hash where there is one', () => {
  const pcr = '0'.repeat(96);
  const part = { bytes: 1, sha256: 'ab'.repeat(32) };
  const manifest: ImageManifest = {
    version: 1,
    profile: 'release',
    arch: 'x86_64',
    hashAlgorithm: 'SHA384',
    pcrs: { PCR0: pcr, PCR1: pcr, PCR2: pcr },
    image: part,
    kernel: { ...part, package: 'linux', version: '1' },
    cmdline: '',
    ramdisks: [],
  };
  const bundle = {
    code: new Uint8Array(0),
    packages: [{ name: '@scope/x', version: '1.0.0', integrity: 'sha512-AAAA' }],
  };
  const crates = [
    { type: 'library', name: 'c', version: '2.0.0', purl: 'pkg:cargo/c@2.0.0' },
  ] as const;
  const sbom = sbomOf({ manifest, bundle, crates });
  expect(sbom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' });
  const list: unknown = sbom.components;
  if (!Array.isArray(list)) throw new Error('no components');
  const purls = list.map((component: { purl: string }) => component.purl);
  expect(purls).toEqual([...new Set(purls)].sort());
  expect(purls).toContain('pkg:npm/%40scope/x@1.0.0');
  expect(purls).toContain('pkg:cargo/c@2.0.0');
  expect(purls.filter((purl) => purl.startsWith('pkg:deb/'))).toHaveLength(DEBIAN.length + 1);
});
