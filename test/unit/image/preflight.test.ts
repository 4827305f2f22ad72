import { beforeAll, describe, expect, it } from 'vitest';
import { describeEif } from '../../../enclave/image/describe.ts';
import { createKeySigner, signEif } from '../../../enclave/image/eif-signature.ts';
import { writeEif } from '../../../enclave/image/eif-write.ts';
import { measureImage } from '../../../enclave/image/measure.ts';
import { checkImage, memoryNeededMiB, PROVER_FILE } from '../../../enclave/image/preflight.ts';
import { packRamdisk } from '../../../enclave/image/ramdisk.ts';
import { PROOF_LIMITS } from '../../../enclave/prove/proof-queue.ts';
import { utf8 } from '../../../shared/bytes.ts';
import { ManualClock } from '../../support/clock.ts';
import { codeOf } from '../../support/code-of.ts';
import { signingIdentity } from '../../support/image-signer.ts';

const clock = new ManualClock();
const MIB = 1024 * 1024;
const parts = {
  arch: 'x86_64',
  kernel: utf8('k'),
  cmdline: utf8('c'),
  ramdisks: [
    packRamdisk([{ kind: 'file', path: 'init', mode: 0o555, data: new Uint8Array(MIB) }]),
    packRamdisk([{ kind: 'folder', path: 'app', mode: 0o755 }]),
  ],
} as const;
const image = writeEif(parts);
const { PCR0, PCR1 } = measureImage(parts);
const enough = { memoryMiB: 1024 };

let signed: Uint8Array;
let ofAnother: Uint8Array;
beforeAll(async () => {
  const day = 86_400_000;
  const signer = createKeySigner(
    await signingIdentity('P-384', clock.nowMs() - day, clock.nowMs() + day),
  );
  const sign = async (pcr0: string) => (await signEif({ clock, signer }, pcr0)).section;
  signed = writeEif({ ...parts, signature: await sign(PCR0) });
  ofAnother = writeEif({ ...parts, signature: await sign(PCR1) });
});

describe('before an image is started', () => {
  it('a good one is described, signed or not', () => {
    expect(checkImage({ clock }, image, { ...enough, expected: { PCR0, PCR1 } }).pcrs.PCR0).toBe(
      PCR0,
    );
    expect(checkImage({ clock }, signed, enough).signature?.ofThisImage).toBe(true);
  });

  it('a wrong measurement, a missing section and another’s signature are refused', () => {
    const refusal = (eif: Uint8Array, init: object = {}) =>
      codeOf(() => checkImage({ clock }, eif, { ...enough, ...init }));
    expect(refusal(image, { expected: { PCR0: PCR1 } })).toBe('IMAGE_PCR');
    expect(refusal(image, { expected: { PCR8: PCR1 } })).toBe('IMAGE_PCR');
    expect(refusal(ofAnother)).toBe('EIF_SIGNATURE_PCR');
    expect(refusal(writeEif({ ...parts, kernel: new Uint8Array(0) }))).toBe('EIF_SECTIONS');
  });

  it('an expired certificate is refused', () => {
    const late = new ManualClock(clock.nowMs() + 10 * 86_400_000);
    expect(codeOf(() => checkImage({ clock: late }, signed, enough))).toBe('EIF_CERTIFICATE');
  });

  it('too little memory is refused, by what unpacks and by nitro-cli’s own rule', () => {
    const needed = memoryNeededMiB(describeEif(image));
    expect(needed).toBe(514);
    expect(codeOf(() => checkImage({ clock }, image, { memoryMiB: needed - 1 }))).toBe(
      'IMAGE_MEMORY',
    );
    checkImage({ clock }, image, { memoryMiB: needed });
    const large = { image: { bytes: 400 * MIB, sha256: '' }, ramdisks: [] };
    expect(memoryNeededMiB(large)).toBe(1600);
  });

  it('an image with the prover needs the memory of a proof on top', () => {
    const data = new Uint8Array(MIB);
    const prover = { kind: 'file', path: PROVER_FILE, mode: 0o555, data } as const;
    const proving = writeEif({ ...parts, ramdisks: [parts.ramdisks[0], packRamdisk([prover])] });
    const needed = memoryNeededMiB(describeEif(proving));
    expect(needed).toBe(Math.ceil(514 + PROOF_LIMITS.memoryBytes / MIB));
    const short = () => checkImage({ clock }, proving, { memoryMiB: needed - 1 });
    expect(codeOf(short)).toBe('IMAGE_MEMORY');
    checkImage({ clock }, proving, { memoryMiB: needed });
  });
});
