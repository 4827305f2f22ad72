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
import { loadOrCreateSimulatedRoot } from '../../../enclave/attest/simulated-root.ts';
import type { ImageManifest } from '../../../enclave/image/build.ts';
import { bundleNode } from '../../../enclave/image/bundle.ts';
import { type ContentsInit, imageContents } from '../../../enclave/image/contents.ts';
import { unpackDebian } from '../../../enclave/image/debian.ts';
import { sha256Hex } from '../../../enclave/image/describe.ts';
import { neededLibraries, stripElf } from '../../../enclave/image/elf.ts';
import { addedTable, fileTable } from '../../../enclave/image/file-table.ts';
import type { ImageEntry } from '../../../enclave/image/origin.ts';
import { DEBIAN, LIBRARIES } from '../../../enclave/image/pins.ts';
import { sbomOf } from '../../../enclave/image/sbom.ts';
import { fromUtf8 } from '../../../shared/bytes.ts';
import { isNmpError } from '../../../shared/errors.ts';
import { VERIFIER_SHA256 } from '../../../shared/receipt/images.ts';
import { systemClock, systemRandom } from '../../../shared/runtime.ts';
import { codeOf, codeOfAsync } from '../../support/code-of.ts';
import { linkedElf, plainElf } from '../../support/elf.ts';

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
const PROVING = { capabilities: [{ ...capability, proofModes: ['attested', 'stark-composite'] }] };
/** What the prover is linked against where it is built. */
const LINKED = ['libstdc++.so.6', 'libgcc_s.so.1', 'libm.so.6', 'libc.so.6'];
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
  writeFileSync(join(native, 'nmp-zk-prover'), linkedElf(LINKED));
  mkdirSync(join(folder, 'config', 'data'), { recursive: true });
  writeFileSync(join(folder, 'config', 'data', 'd.csv'), 'a\nx\n');
  writeFileSync(config, JSON.stringify(CONFIG));
});
afterAll(() => rmSync(folder, { recursive: true }));

const contentsOf = (file: string, init: Partial<ContentsInit> = {}) =>
  imageContents({
    root: ROOT,
    native,
    prover: join(native, 'nmp-zk-prover'),
    cache: CACHE,
    config: file,
    profile: 'release',
    version: '0.0.0',
    ...init,
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

  it('have the prover and its interpreter if a capability offers proofs, and only then', async () => {
    const { application } = await contentsOf(writeConfig('proving.json', PROVING));
    const added = application.filter(({ path }) => !all.some((known) => known.path === path));
    expect(added).toMatchObject([
      { path: 'app/native/nmp-zk-prover', kind: 'file', mode: 0o555 },
      { path: 'app/zk-guest.bin', kind: 'file', mode: 0o444 },
    ]);
    const [prover] = added;
    // Nothing but what the loader reads.
    const built = Uint8Array.from(readFileSync(join(native, 'nmp-zk-prover')));
    expect(prover?.kind === 'file' && prover.data).toEqual(stripElf(built));
  });

  it('have the pinned verifier if provers elsewhere are to be believed', async () => {
    const { application } = await contentsOf(writeConfig('far.json', { ...PROVING, provers: {} }));
    const verifier = application.find(({ path }) => path === 'app/receipt-verifier.wasm');
    expect(verifier?.kind === 'file' && sha256Hex(verifier.data)).toBe(VERIFIER_SHA256);
    const alone = await contentsOf(writeConfig('proving.json', PROVING));
    expect(alone.application.map(({ path }) => path)).not.toContain('app/receipt-verifier.wasm');
  });

  it('have a simulated root in the sim profile only', async () => {
    const simulatedRoot = join(folder, 'root');
    await loadOrCreateSimulatedRoot({ clock: systemClock, random: systemRandom }, simulatedRoot);
    const { application } = await contentsOf(config, { profile: 'sim', simulatedRoot });
    expect(application.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'app/simulated-root/simulated-root.der',
        'app/simulated-root/simulated-root.key',
      ]),
    );
    expect(await codeOfAsync(contentsOf(config, { simulatedRoot }))).toBe('IMAGE_INPUT');
    const empty = { profile: 'sim', simulatedRoot: join(folder, 'none') } as const;
    expect(await codeOfAsync(contentsOf(config, empty))).toBe('IMAGE_INPUT');
  });

  it('are refused without the prover, saying how it is built, and with one that cannot run', async () => {
    const file = writeConfig('proving.json', PROVING);
    const none = contentsOf(file, { prover: join(folder, 'none') });
    await expect(none).rejects.toThrow(/none: the prover is not built; make zk-prover builds it/);
    expect(await codeOfAsync(none)).toBe('IMAGE_INPUT');
    const other = join(folder, 'other-prover');
    for (const [content, why] of [
      [linkedElf([...LINKED, 'libssl.so.3']), /needs libssl\.so\.3, not in an image/],
      [new TextEncoder().encode('#!/bin/sh\nexit 0'.repeat(20)), /no 64-bit ELF/],
    ] as const) {
      writeFileSync(other, content);
      const refused = contentsOf(file, { prover: other });
      await expect(refused).rejects.toThrow(why);
      expect(await codeOfAsync(refused)).toBe('IMAGE_INPUT');
    }
    // Where no capability offers proofs, nobody asks for it.
    await contentsOf(config, { prover: join(folder, 'none') });
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
    const version = 'this release';
    const parts = await contentsOf(config, { version });
    const docs = readFileSync(join(ROOT, 'docs', 'image.md'), 'utf8');
    expect(docs).toContain(fileTable(parts));
    const others = [
      await contentsOf(writeConfig('quic.json', { quic: true }), { version }),
      await contentsOf(writeConfig('proving.json', PROVING), { version }),
      await contentsOf(writeConfig('far.json', { provers: {} }), { version }),
    ];
    expect(docs).toContain(`\n${addedTable(parts, others)}\n`);
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
    expect(await codeOfAsync(contentsOf(config, { native: folder }))).toBe('IMAGE_INPUT');
    const bad = writeConfig('worse.json', { datasets: 1 });
    expect(await codeOfAsync(contentsOf(bad))).toBe('CONFIG_INVALID');
  });

  it('pack to the same bytes from another folder, at another time, under another umask', () => {
    const copy = join(folder, 'elsewhere', 'deeper');
    mkdirSync(copy, { recursive: true });
    const parts = ['enclave', 'shared', 'package.json', 'package-lock.json', 'test/support'];
    for (const part of [...parts, 'native/zk/guest.bin']) {
      cpSync(join(ROOT, part), join(copy, part), { recursive: true });
    }
    const proving = writeConfig('proving.json', PROVING);
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    utimesSync(join(copy, 'enclave', 'main.ts'), 1, 1);
    const pack = (root: string, umask: string, env: Readonly<Record<string, string>>) =>
      execFileSync(
        'bash',
        [
          ...['-c', `umask ${umask}; exec "$@"`, 'bash', process.execPath],
          ...['--preserve-symlinks', join(root, 'test', 'support', 'pack-image.ts')],
          ...[root, native, CACHE, proving],
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
  it('ends with its last segment and has no section table', () => {
    const stripped = stripElf(plainElf());
    expect(stripped).toHaveLength(200);
    const view = new DataView(stripped.buffer);
    expect(view.getBigUint64(40, true)).toBe(0n);
    expect(view.getUint16(60, true)).toBe(0);
    expect(stripped.subarray(64)).toEqual(plainElf().subarray(64, 200));
  });

  it.each<[string, Uint8Array]>([
    ['text', new TextEncoder().encode('#!/bin/sh'.repeat(20))],
    ['32 bits', plainElf((view) => view.setUint8(4, 1))],
    ['the other byte order', plainElf((view) => view.setUint8(5, 2))],
    ['no segment', plainElf((view) => view.setUint16(56, 0, true))],
    ['a table past its end', plainElf((view) => view.setUint16(56, 60_000, true))],
    ['a segment past its end', plainElf((view) => view.setBigUint64(64 + 32, 10_000n, true))],
  ])('cannot be made of %s', (_, bytes) => {
    expect(codeOf(() => stripElf(bytes))).toBe('IMAGE_INPUT');
    expect(codeOf(() => neededLibraries(bytes))).toBe('IMAGE_INPUT');
  });

  it('says which libraries it needs: Node those that are in the image', () => {
    expect(neededLibraries(plainElf())).toEqual([]);
    expect(neededLibraries(linkedElf(LINKED))).toEqual(LINKED);
    const needed = neededLibraries(Uint8Array.from(readFileSync(process.execPath)));
    const there = LIBRARIES.map(([, path]) => path.split('/').at(-1) ?? '');
    expect(needed).toContain('libstdc++.so.6');
    for (const name of needed) expect(there.some((file) => file.startsWith(name))).toBe(true);
  });

  it.each<[string, (view: DataView) => void]>([
    ['no place', (view) => view.setBigUint64(176, 0x6ffffef5n, true)],
    ['a place that is not loaded', (view) => view.setBigUint64(184, 0xffff_0000n, true)],
    ['a name past its end', (view) => view.setBigUint64(200, 0xffffn, true)],
    ['an empty name', (view) => view.setBigUint64(200, 0n, true)],
  ])('with %s for its libraries’ names is refused', (_, change) => {
    const elf = linkedElf(['libc.so.6']);
    change(new DataView(elf.buffer));
    expect(codeOf(() => neededLibraries(elf))).toBe('IMAGE_INPUT');
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
