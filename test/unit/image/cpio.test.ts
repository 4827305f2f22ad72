import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type CpioEntry, readCpio, writeCpio } from '../../../enclave/image/cpio.ts';
import { packRamdisk, unpackRamdisk } from '../../../enclave/image/ramdisk.ts';
import { utf8 } from '../../../shared/bytes.ts';
import { NmpError } from '../../../shared/errors.ts';
import { seededRandom } from '../../support/clock.ts';
import { codeOf } from '../../support/code-of.ts';

const entries: readonly CpioEntry[] = [
  { kind: 'file', path: 'init', mode: 0o755, data: utf8('#!') },
  { kind: 'folder', path: 'app', mode: 0o755 },
  { kind: 'file', path: 'app/b.mjs', mode: 0o444, data: utf8('odd') },
  { kind: 'file', path: 'app/a', mode: 0o444, data: new Uint8Array(0) },
  { kind: 'link', path: 'lib64', mode: 0o777, target: 'lib/x86' },
  { kind: 'device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
];
const sorted = ['app', 'app/a', 'app/b.mjs', 'dev', 'dev/console', 'init', 'lib64'];

const archive = writeCpio(entries);
const changed = (at: number, text: string) => {
  const copy = Uint8Array.from(archive);
  copy.set(utf8(text), at);
  return copy;
};

describe('the cpio archive', () => {
  it('is sorted, root-owned and without times, whatever the order of its entries', () => {
    expect(writeCpio(entries.toReversed())).toEqual(archive);
    expect(readCpio(archive).map(({ path }) => path)).toEqual(sorted);
    // First entry: inode 1, a folder 0755, owners 0, two links, time 0, no data.
    const header = Buffer.from(archive.subarray(0, 110)).toString();
    expect(header).toBe(
      `070701${'00000001'}${'000041ed'}${'00000000'.repeat(2)}${'00000002'}${'00000000'.repeat(6)}${'00000004'}${'00000000'}`,
    );
    expect(Buffer.from(archive.subarray(-124)).toString('latin1')).toContain('TRAILER!!!');
    expect(archive.length % 4).toBe(0);
  });

  it('comes back as it went in, parents added', () => {
    const read = readCpio(archive);
    for (const entry of entries) expect(read).toContainEqual(entry);
    expect(read).toContainEqual({ kind: 'folder', path: 'dev', mode: 0o755 });
    expect(unpackRamdisk(packRamdisk(entries))).toEqual(read);
    expect(unpackRamdisk(gzipSync(archive))).toEqual(read);
    expect(unpackRamdisk(archive)).toEqual(read);
  });

  it.each([
    '',
    '/etc',
    'a//b',
    '../up',
    'a/../b',
    './a',
    'a/.',
    'nul\0',
    'TRAILER!!!',
    'x'.repeat(2000),
  ])('has no path %j', (path) => {
    const entry: CpioEntry = { kind: 'folder', path, mode: 0o755 };
    expect(codeOf(() => writeCpio([entry]))).toBe('RAMDISK_PATH');
  });

  it('has no path twice, none below a file, and no mode with a type in it', () => {
    const [first] = entries;
    if (first === undefined) throw new Error('no entry');
    expect(codeOf(() => writeCpio([first, first]))).toBe('RAMDISK_PATH');
    const below: CpioEntry = { ...first, path: 'init/x' };
    expect(codeOf(() => writeCpio([first, below]))).toBe('RAMDISK_PATH');
    expect(codeOf(() => writeCpio([{ ...first, mode: 0o100755 }]))).toBe('RAMDISK_PATH');
  });
});

describe('the cpio reader refuses', () => {
  const name = 110;
  const notUtf8 = Uint8Array.from(archive);
  notUtf8[name] = 0xff;
  const cases: readonly [string, string, Uint8Array][] = [
    ['nothing', 'RAMDISK_MALFORMED', new Uint8Array(0)],
    ['another magic', 'RAMDISK_MALFORMED', changed(5, '2')],
    ['digits that are none', 'RAMDISK_MALFORMED', changed(14, 'xx')],
    ['an archive without its trailer', 'RAMDISK_MALFORMED', archive.subarray(0, -124)],
    ['bytes after the trailer', 'RAMDISK_MALFORMED', Buffer.concat([archive, utf8('more')])],
    ['a second archive', 'RAMDISK_MALFORMED', Buffer.concat([archive, archive])],
    ['a file past the end', 'RAMDISK_MALFORMED', changed(54, 'ffffffff')],
    ['a name past its limit', 'RAMDISK_LIMIT', changed(94, '0000ffff')],
    ['a name without end', 'RAMDISK_MALFORMED', changed(name + 3, 'x')],
    ['a name that is no UTF-8', 'RAMDISK_MALFORMED', notUtf8],
    ['a path out of the root', 'RAMDISK_PATH', changed(name, 'a/.')],
    ['a pipe', 'RAMDISK_MALFORMED', changed(14, '000011ed')],
    ['truncated gzip', 'RAMDISK_MALFORMED', gzipSync(archive).subarray(0, 40)],
    ['truncated zstd', 'RAMDISK_MALFORMED', zstdCompressSync(archive).subarray(0, 40)],
  ];
  it.each(cases)('%s with %s', (_, code, bytes) => {
    expect(codeOf(() => unpackRamdisk(bytes))).toBe(code);
  });

  it('a path that comes twice', () => {
    const one = Buffer.from(writeCpio([{ kind: 'folder', path: 'a', mode: 0o755 }]));
    const body = one.subarray(0, 112);
    expect(codeOf(() => readCpio(Buffer.concat([body, one])))).toBe('RAMDISK_PATH');
  });

  it('20,000 mutated archives with codes alone', () => {
    const random = seededRandom(80);
    const below = (max: number) => Buffer.from(random.bytes(4)).readUInt32BE(0) % max;
    const hex = '0123456789abcdef';
    for (let round = 0; round < 20_000; round++) {
      const copy = Uint8Array.from(archive);
      for (let edits = 1 + below(3); edits > 0; edits--) {
        copy[below(copy.length)] = below(2) === 0 ? hex.charCodeAt(below(16)) : below(256);
      }
      try {
        readCpio(copy);
      } catch (error) {
        if (!(error instanceof NmpError)) throw error;
        expect(error.code).toMatch(/^RAMDISK_/);
      }
    }
  });
});
