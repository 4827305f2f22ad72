/**
 * Packs the ramdisks of an image and prints their hashes, for a test that runs it twice:
 * node test/support/pack-image.ts ROOT NATIVE CACHE CONFIG, with the prover among the native parts
 */
import { join } from 'node:path';
import { imageContents } from '../../enclave/image/contents.ts';
import { sha256Hex } from '../../enclave/image/describe.ts';
import { withoutOrigin } from '../../enclave/image/origin.ts';
import { packRamdisk } from '../../enclave/image/ramdisk.ts';

const [root, native, cache, config] = process.argv.slice(2);
if (root === undefined || native === undefined || cache === undefined || config === undefined) {
  throw new Error('ROOT NATIVE CACHE CONFIG');
}
const { boot, application } = await imageContents({
  root,
  native,
  prover: join(native, 'nmp-zk-prover'),
  cache,
  config,
  profile: 'release',
  version: '0.0.0',
});
const hashes = [boot, application].map((part) => sha256Hex(packRamdisk(part.map(withoutOrigin))));
process.stdout.write(`${JSON.stringify(hashes)}\n`);
