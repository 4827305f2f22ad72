/** What must hold before an image is started, in plain words instead of a guest that never answers. */
import { NmpError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime.ts';
import { PROOF_LIMITS } from '../prove/proof-queue.ts';
import { describeEif, type ImageFacts } from './describe.ts';
import { readEif } from './eif-read.ts';
import { verifyEifSignature } from './eif-signature.ts';
import type { ImagePcrs } from './measure.ts';

export interface PreflightInit {
  readonly memoryMiB: number;
  /** What the image must be measured as; those that are named. */
  readonly expected?: Partial<ImagePcrs>;
}

const MIB = 1_048_576;
/** nitro-cli refuses less than four times the image. */
const IMAGE_FACTOR = 4;
/** Node, its datasets, sandboxes and the kernel beside the unpacked root, as measured. */
const WORKING_MIB = 512;
/** The prover within an image: by it an image is known to make proofs. */
export const PROVER_FILE = 'app/native/nmp-zk-prover';
const PCRS = ['PCR0', 'PCR1', 'PCR2', 'PCR8'] as const;

/** Least memory that the image boots and works with, MiB. */
export function memoryNeededMiB({
  image,
  ramdisks,
}: Pick<ImageFacts, 'image' | 'ramdisks'>): number {
  const files = ramdisks.flatMap((ramdisk) => ramdisk.files ?? []);
  const unpacked = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const proof = files.some(({ path }) => path === PROVER_FILE) ? PROOF_LIMITS.memoryBytes : 0;
  // Packed and unpacked root lie side by side while the kernel boots.
  const working = (image.bytes + unpacked + proof) / MIB + WORKING_MIB;
  return Math.ceil(Math.max((IMAGE_FACTOR * image.bytes) / MIB, working));
}

/**
 * @throws NmpError EIF_*, RAMDISK_*; IMAGE_MEMORY; IMAGE_PCR
 */
export function checkImage(
  components: { readonly clock: Clock },
  eif: Uint8Array,
  { memoryMiB, expected = {} }: PreflightInit,
): ImageFacts {
  const facts = describeEif(eif);
  const { signature } = readEif(eif);
  if (signature !== undefined) verifyEifSignature(components, signature, facts.pcrs.PCR0);
  for (const name of PCRS) {
    const wanted = expected[name];
    if (wanted !== undefined && wanted !== facts.pcrs[name]) {
      throw new NmpError('IMAGE_PCR', `${name} of the image is not the expected one.`);
    }
  }
  const needed = memoryNeededMiB(facts);
  if (memoryMiB < needed) {
    throw new NmpError('IMAGE_MEMORY', `The image needs ${needed} MiB, not ${memoryMiB} MiB.`);
  }
  return facts;
}
