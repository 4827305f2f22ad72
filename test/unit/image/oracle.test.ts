/**
 * Against AWS's own library for images (crate aws-nitro-enclaves-image-format 0.8.1, test/oracle/eif),
 * which takes minutes to compile: `make oracle-eif` builds it and names it here.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeEif, sha256Hex } from '../../../enclave/image/describe.ts';
import type { EifSections } from '../../../enclave/image/eif-format.ts';
import { readEif } from '../../../enclave/image/eif-read.ts';
import {
  createKeySigner,
  signEif,
  verifyEifSignature,
} from '../../../enclave/image/eif-signature.ts';
import { writeEif } from '../../../enclave/image/eif-write.ts';
import { measureImage } from '../../../enclave/image/measure.ts';
import { fromHex, utf8 } from '../../../shared/bytes.ts';
import { systemClock } from '../../../shared/runtime.ts';
import { type SigningIdentity, signingIdentity } from '../../support/image-signer.ts';

const ORACLE = process.env.NMP_EIF_ORACLE;
/** A built image, if there is one: the real thing is compared, too. */
const BUILT = process.env.NMP_EIF_BUILT;
const folder = mkdtempSync(join(tmpdir(), 'nmp-oracle-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Vector {
  readonly name: string;
  readonly kernel: string;
  readonly cmdline: string;
  readonly metadata: string;
  readonly ramdisks: readonly string[];
  readonly eif: { readonly sha256: string };
}
const vectors: readonly Vector[] = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', '..', 'vectors', 'eif.json'), 'utf8'),
).vectors;

function oracle(...args: readonly string[]): Record<string, unknown> {
  const text = execFileSync(ORACLE ?? '', [...args], { encoding: 'utf8', timeout: 60_000 });
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new Error('no answer');
  return { ...value };
}

const hex = (text: string) => fromHex(text) ?? new Uint8Array(0);

function sectionsOf(vector: Vector): EifSections & { readonly metadata: Uint8Array } {
  return {
    arch: 'x86_64',
    kernel: hex(vector.kernel),
    cmdline: utf8(vector.cmdline),
    metadata: utf8(vector.metadata),
    ramdisks: vector.ramdisks.map(hex),
  };
}

/** The image that AWS's library makes of the same parts, and what it measures. */
function built(vector: Vector, key = '-', certificate = '-') {
  const at = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const { kernel, metadata, ramdisks } = sectionsOf(vector);
  const out = join(folder, 'theirs.eif');
  const { HashAlgorithm: _, ...pcrs } = oracle(
    ...['build', at('kernel', kernel), vector.cmdline, at('metadata', metadata), out],
    ...[key, certificate, ...ramdisks.map((bytes, index) => at(`ramdisk${index}`, bytes))],
  );
  return { eif: Uint8Array.from(readFileSync(out)), pcrs };
}

describe.skipIf(ORACLE === undefined)('AWS’s own library', () => {
  let identity: SigningIdentity;
  const key = join(folder, 'key.pem');
  const certificate = join(folder, 'certificate.pem');
  beforeAll(async () => {
    const now = systemClock.nowMs();
    identity = await signingIdentity('P-384', now - 86_400_000, now + 86_400_000);
    writeFileSync(key, identity.keyPem);
    writeFileSync(certificate, identity.certificatePem);
  });

  it.each(vectors)('writes the same bytes and measures the same: $name', (vector) => {
    const theirs = built(vector);
    expect(sha256Hex(theirs.eif)).toBe(vector.eif.sha256);
    expect(writeEif(sectionsOf(vector))).toEqual(theirs.eif);
    expect(measureImage(sectionsOf(vector))).toEqual(theirs.pcrs);
  });

  it.each(vectors)('makes signed images that we read, measure and verify: $name', (vector) => {
    const { eif, pcrs } = built(vector, key, certificate);
    const facts = describeEif(eif);
    expect(facts.pcrs).toEqual(pcrs);
    expect(facts.signature?.ofThisImage).toBe(true);
    const { signature = new Uint8Array(0) } = readEif(eif);
    verifyEifSignature({ clock: systemClock }, signature, facts.pcrs.PCR0);
  });

  it.each(vectors)('reads, measures and verifies our signed images: $name', async (vector) => {
    const sections = sectionsOf(vector);
    const signer = createKeySigner(identity);
    const { PCR0 } = measureImage(sections);
    const { section } = await signEif({ clock: systemClock, signer }, PCR0);
    const eif = writeEif({ ...sections, signature: section });
    const file = join(folder, 'ours.eif');
    writeFileSync(file, eif);
    const theirs = oracle('describe', file);
    expect(theirs).toMatchObject({ crc: true, signature: 'good' });
    expect(theirs.measurements).toMatchObject({ ...describeEif(eif).pcrs });
    // The same section but for the randomness of ECDSA: as long, within its two integers.
    const own = built(vector, key, certificate).eif;
    expect(Math.abs(own.length - eif.length)).toBeLessThan(200);
  });

  it.skipIf(BUILT === undefined)('measures the built image as pcrs.json says', () => {
    const file = BUILT ?? '';
    const manifest: { pcrs: object } = JSON.parse(
      readFileSync(file.replace(/enclave\.eif$/, 'pcrs.json'), 'utf8'),
    );
    const theirs = oracle('describe', file);
    expect(theirs).toMatchObject({ crc: true, signature: 'none' });
    expect(theirs.measurements).toMatchObject(manifest.pcrs);
  });
});
