/** A release: what its image measures, under which rules it runs, and who vouches for it. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { z } from 'zod';
import { fromHex, toHex, utf8 } from '../bytes.ts';
import { NmpError } from '../errors.ts';
import { canonicalJson } from '../wire/canonical-json.ts';

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`));
const instant = z.iso.datetime({ offset: true });

export const measurementsSchema = z.strictObject({
  pcr0: hex(48),
  pcr1: hex(48),
  pcr2: hex(48),
  pcr8: hex(48).exactOptional(),
});
export type Measurements = z.output<typeof measurementsSchema>;

export const releaseManifestSchema = z.strictObject({
  version: z.literal(1),
  name: z.string().min(1).max(128).describe('What is released, for people.'),
  release: z.string().min(1).max(64).describe('Its version, for people.'),
  sequence: z
    .int()
    .min(0)
    .max(2 ** 31)
    .describe('Higher than that of every release before.'),
  measurements: measurementsSchema,
  policyDigests: z
    .record(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/), hex(32))
    .describe('SHA-256 of the policies measured in the image, by name.'),
  sbom: hex(32).describe('SHA-256 of the bill of materials (CycloneDX).'),
  notBefore: instant.exactOptional(),
  notAfter: instant.exactOptional(),
});
export type ReleaseManifest = z.output<typeof releaseManifestSchema>;

export const signedReleaseSchema = z.strictObject({
  manifest: releaseManifestSchema,
  signatures: z
    .array(z.strictObject({ key: hex(32), signature: hex(64) }))
    .max(16)
    .describe('Ed25519 (RFC 8032) over the canonical manifest; keys as raw public keys in hex.'),
});
export type SignedRelease = z.output<typeof signedReleaseSchema>;

const CONTEXT = 'nmp-release-manifest/v1\0';

/** The bytes that a signer signs: context, zero byte, canonical JSON (RFC 8785). */
export const signedBytes = (manifest: ReleaseManifest): Uint8Array =>
  utf8(CONTEXT + canonicalJson(manifest));

/** The bytes that stand in the log: canonical JSON of manifest and signatures. */
export const entryBytes = (release: SignedRelease): Uint8Array => utf8(canonicalJson(release));

/**
 * @param signers trusted public keys, raw, hex
 * @throws NmpError RELEASE_SIGNATURES if fewer than `threshold` different signers signed
 */
export function checkSignatures(
  { manifest, signatures }: SignedRelease,
  signers: readonly string[],
  threshold: number,
): void {
  const message = signedBytes(manifest);
  const good = new Set<string>();
  for (const { key, signature } of signatures) {
    if (!signers.includes(key) || good.has(key)) continue;
    if (verifyEd25519(key, message, signature)) good.add(key);
  }
  if (threshold < 1 || good.size < threshold) throw new NmpError('RELEASE_SIGNATURES');
}

/** Strict: no mixed-order points, canonical encodings only (RFC 8032, section 5.1.7). */
export function verifyEd25519(key: string, message: Uint8Array, signature: string): boolean {
  const publicKey = fromHex(key);
  const bytes = fromHex(signature);
  if (publicKey === undefined || bytes === undefined) return false;
  try {
    return ed25519.verify(bytes, message, publicKey, { zip215: false });
  } catch {
    return false;
  }
}

/** The same release with one more signature. @param seed Ed25519 private key, 32 bytes */
export function addSignature(release: SignedRelease, seed: Uint8Array): SignedRelease {
  const key = toHex(ed25519.getPublicKey(seed));
  const signature = toHex(ed25519.sign(signedBytes(release.manifest), seed));
  const others = release.signatures.filter((one) => one.key !== key);
  const signatures = [...others, { key, signature }].sort((a, b) => (a.key < b.key ? -1 : 1));
  return { manifest: release.manifest, signatures };
}
