/**
 * Writes the files of the image as a tree, for Dockerfile.enclave:
 * node scripts/image/rootfs.ts [--config nmp.node.json] [--out build/rootfs]
 */
import { rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { imageContents } from '../../enclave/image/contents.ts';
import { writeTree } from '../../enclave/image/tree.ts';

const root = resolve(import.meta.dirname, '..', '..');
const { values } = parseArgs({
  options: {
    config: { type: 'string', default: join(root, 'examples', 'nmp.node.json') },
    native: { type: 'string', default: join(root, 'build', 'image', 'native') },
    prover: { type: 'string', default: join(root, 'build', 'native', 'nmp-zk-prover') },
    out: { type: 'string', default: join(root, 'build', 'rootfs') },
  },
});

const { boot, application } = await imageContents({
  root,
  native: values.native,
  prover: values.prover,
  cache: process.env.NMP_CACHE ?? join(homedir(), '.cache', 'nmp-enclave'),
  config: resolve(values.config),
  profile: 'release',
  version: 'docker',
});
rmSync(values.out, { recursive: true, force: true });
writeTree([...boot, ...application], values.out);
process.stderr.write(`${values.out}\n`);
