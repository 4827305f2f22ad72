/**
 * The newc cpio archive that Linux unpacks as its first root, in one canonical form: sorted by
 * path, root-owned, time zero, inodes counted from one. What the archive says depends on the files
 * alone, never on who packed it, where or when.
 *
 * Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
 */
import { fromUtf8, utf8 } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';

interface Node {
  /** Relative to the root, without a leading slash: `app/main.mjs`. */
  readonly path: string;
  /** Permission bits, octal: 0o755. */
  readonly mode: number;
}

export type CpioEntry =
  | (Node & { readonly kind: 'file'; readonly data: Uint8Array })
  | (Node & { readonly kind: 'folder' })
  | (Node & { readonly kind: 'link'; readonly target: string })
  | (Node & { readonly kind: 'device'; readonly major: number; readonly minor: number });

const MAGIC = '070701';
const HEADER_BYTES = 110;
const TRAILER = 'TRAILER!!!';
const TYPE = { file: 0o100000, folder: 0o040000, link: 0o120000, device: 0o020000 } as const;
const TYPE_MASK = 0o170000;
const PERMISSIONS_MAX = 0o7777;
const PATH_BYTES_MAX = 1024;
export const ENTRIES_MAX = 16_384;

/** Bytes of UTF-8 in order: the one order that no locale changes. */
export function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return Buffer.compare(Buffer.from(a.path), Buffer.from(b.path));
}

function pad(length: number): number {
  return -length & 3;
}

/** @throws NmpError RAMDISK_PATH */
function checkPath(path: string): void {
  const parts = path.split('/');
  const strange = parts.some((part) => part === '' || part === '.' || part === '..');
  if (strange || path.includes('\0') || path === TRAILER || utf8(path).length > PATH_BYTES_MAX) {
    throw new NmpError('RAMDISK_PATH');
  }
}

/** Parents that are not listed are made folders of mode 0755. */
function withParents(entries: readonly CpioEntry[]): CpioEntry[] {
  const all = new Map<string, CpioEntry>();
  for (const entry of entries) {
    checkPath(entry.path);
    if (all.has(entry.path)) throw new NmpError('RAMDISK_PATH');
    all.set(entry.path, entry);
  }
  for (const { path } of entries) {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth++) {
      const parent = parts.slice(0, depth).join('/');
      const known = all.get(parent);
      if (known === undefined) all.set(parent, { kind: 'folder', path: parent, mode: 0o755 });
      else if (known.kind !== 'folder') throw new NmpError('RAMDISK_PATH');
    }
  }
  return [...all.values()].sort(byPath);
}

function header(fields: readonly number[]): Uint8Array {
  return utf8(MAGIC + fields.map((field) => field.toString(16).padStart(8, '0')).join(''));
}

function content(entry: CpioEntry): Uint8Array {
  if (entry.kind === 'file') return entry.data;
  return entry.kind === 'link' ? utf8(entry.target) : new Uint8Array(0);
}

/** @throws NmpError RAMDISK_PATH, RAMDISK_LIMIT */
export function writeCpio(entries: readonly CpioEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const add = (entry: CpioEntry | undefined, inode: number) => {
    const name = utf8(`${entry?.path ?? TRAILER}\0`);
    const data = entry === undefined ? new Uint8Array(0) : content(entry);
    const [major, minor] = entry?.kind === 'device' ? [entry.major, entry.minor] : [0, 0];
    const mode = entry === undefined ? 0 : TYPE[entry.kind] | entry.mode;
    const links = entry?.kind === 'folder' ? 2 : 1;
    const owner = [0, 0];
    const time = 0;
    const device = [0, 0];
    parts.push(
      header([
        ...[inode, mode, ...owner, links, time, data.length],
        ...[...device, major, minor, name.length, 0],
      ]),
      name,
      new Uint8Array(pad(HEADER_BYTES + name.length)),
      data,
      new Uint8Array(pad(data.length)),
    );
  };
  const all = withParents(entries);
  if (all.length > ENTRIES_MAX) throw new NmpError('RAMDISK_LIMIT');
  all.forEach((entry, index) => {
    if (!Number.isInteger(entry.mode) || entry.mode < 0 || entry.mode > PERMISSIONS_MAX) {
      throw new NmpError('RAMDISK_PATH', 'A mode is not a set of permission bits.');
    }
    add(entry, index + 1);
  });
  add(undefined, 0);
  return Uint8Array.from(Buffer.concat(parts));
}

/** The thirteen numbers of a header. @throws NmpError RAMDISK_MALFORMED */
function readHeader(bytes: Uint8Array, at: number): readonly number[] {
  if (at + HEADER_BYTES > bytes.length) throw new NmpError('RAMDISK_MALFORMED');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + at, HEADER_BYTES).toString('latin1');
  if (!/^070701[0-9a-fA-F]{104}$/.test(text)) throw new NmpError('RAMDISK_MALFORMED');
  return Array.from({ length: 13 }, (_, index) =>
    Number.parseInt(text.slice(6 + 8 * index, 14 + 8 * index), 16),
  );
}

function zeros(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/**
 * Reads an archive from outside; foreign owners, times and orders are let pass, since others write
 * them. Paths may start with `/` or `./`, which are dropped.
 *
 * @throws NmpError RAMDISK_MALFORMED, RAMDISK_LIMIT, RAMDISK_PATH
 */
export function readCpio(bytes: Uint8Array): CpioEntry[] {
  const entries: CpioEntry[] = [];
  const seen = new Set<string>();
  let at = 0;
  for (;;) {
    const fields = readHeader(bytes, at);
    const [, mode = 0, , , , , size = 0, , , major = 0, minor = 0, nameBytes = 0] = fields;
    const nameAt = at + HEADER_BYTES;
    if (nameBytes < 2 || nameBytes > PATH_BYTES_MAX + 3) throw new NmpError('RAMDISK_LIMIT');
    const dataAt = nameAt + nameBytes + pad(HEADER_BYTES + nameBytes);
    const end = dataAt + size + pad(size);
    if (dataAt + size > bytes.length) throw new NmpError('RAMDISK_MALFORMED');
    const name = nameOf(bytes.subarray(nameAt, nameAt + nameBytes));
    if (name === TRAILER) {
      if (size !== 0 || !zeros(bytes.subarray(dataAt))) throw new NmpError('RAMDISK_MALFORMED');
      return entries;
    }
    const path = name.replace(/^(\.?\/)+/, '');
    at = end;
    if (path === '' || path === '.') continue;
    checkPath(path);
    if (seen.has(path)) throw new NmpError('RAMDISK_PATH');
    seen.add(path);
    if (entries.length >= ENTRIES_MAX) throw new NmpError('RAMDISK_LIMIT');
    const data = bytes.subarray(dataAt, dataAt + size);
    entries.push(entryOf({ path, mode: mode & PERMISSIONS_MAX }, mode, data, { major, minor }));
  }
}

function nameOf(bytes: Uint8Array): string {
  if (bytes.indexOf(0) !== bytes.length - 1) throw new NmpError('RAMDISK_MALFORMED');
  try {
    return fromUtf8(bytes.subarray(0, -1));
  } catch (cause) {
    throw new NmpError('RAMDISK_MALFORMED', undefined, { cause });
  }
}

function entryOf(
  node: Node,
  mode: number,
  data: Uint8Array,
  numbers: { readonly major: number; readonly minor: number },
): CpioEntry {
  const type = mode & TYPE_MASK;
  if (type === TYPE.file) return { ...node, kind: 'file', data };
  if (type === TYPE.folder && data.length === 0) return { ...node, kind: 'folder' };
  if (type === TYPE.device && data.length === 0) return { ...node, ...numbers, kind: 'device' };
  if (type === TYPE.link && data.length > 0 && data.length <= PATH_BYTES_MAX) {
    return { ...node, kind: 'link', target: nameOf(Buffer.concat([data, new Uint8Array(1)])) };
  }
  throw new NmpError('RAMDISK_MALFORMED');
}
