/**
 * Writes the files of the image as a tree, for Dockerfile.enclave:
 * node scripts/image/rootfs.ts [--config nmp.node.json] [--out build/rootfs]
 */
import { chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { imageContents } from '../../enclave/image/contents.ts';
import { byPath } from '../../enclave/image/cpio.ts';

const root = resolve(import.meta.dirname, '..', '..');
const { values } = parseArgs({
  options: {
    config: { type: 'string', default: join(root, 'examples', 'nmp.node.json') },
    native: { type: 'string', default: join(root, 'build', 'image', 'native') },
    out: { type: 'string', default: join(root, 'build', 'rootfs') },
  },
});

const { boot, application } = await imageContents({
  root,
  native: values.native,
  cache: process.env.NMP_CACHE ?? join(homedir(), '.cache', 'nmp-enclave'),
  config: resolve(values.config),
  profile: 'release',
  version: 'docker',
});
rmSync(values.out, { recursive: true, force: true });
for (const entry of [...boot, ...application].toSorted(byPath)) {
  const path = join(values.out, entry.path);
  mkdirSync(entry.kind === 'folder' ? path : dirname(path), { recursive: true, mode: 0o755 });
  if (entry.kind === 'link') symlinkSync(entry.target, path);
  // Devices are made by the first process there.
  if (entry.kind !== 'file') continue;
  writeFileSync(path, entry.data);
  chmodSync(path, entry.mode);
  utimesSync(path, 0, 0);
}
process.stderr.write(`${values.out}\n`);
