/**
 * All that a client needs to accept a release offline: the signed manifest, and the proof that it
 * stands in the transparency log (RFC 9162) under a checkpoint that the log signed.
 */
import { z } from 'zod';
import { equalBytes, fromHex, toHex } from '../bytes.ts';
import { NmpError } from '../errors.ts';
import { type Checkpoint, openCheckpoint, signCheckpoint } from './checkpoint.ts';
import {
  checkSignatures,
  entryBytes,
  type ReleaseManifest,
  type SignedRelease,
  signedReleaseSchema,
} from './manifest.ts';
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  PROOF_HASHES_MAX,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const index = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);
const proof = z.array(hash).max(PROOF_HASHES_MAX);

export const releaseBundleSchema = z.strictObject({
  version: z.literal(1),
  release: signedReleaseSchema,
  index,
  checkpoint: z.string().max(1024).describe('Signed note of C2SP tlog-checkpoint.'),
  inclusion: proof.describe('RFC 9162, section 2.1.3; hex.'),
  consistency: z
    .strictObject({ size: index, proof })
    .exactOptional()
    .describe('From a checkpoint of this size to the one above; RFC 9162, section 2.1.4.'),
});
export type ReleaseBundle = z.output<typeof releaseBundleSchema>;

export const releaseTrustSchema = z.strictObject({
  version: z.literal(1),
  origin: z
    .string()
    .regex(/^[^\s+]{1,128}$/u)
    .describe('Name of the log.'),
  logKey: hash.describe('Ed25519 key of the log, raw, hex.'),
  signers: z.array(hash).min(1).max(16).describe('Ed25519 keys of those who sign releases.'),
  threshold: z.int().min(1).max(16).describe('How many of them must have signed.'),
});
export type ReleaseTrust = z.output<typeof releaseTrustSchema>;

/** What was accepted before; a later bundle must continue it. */
export const releaseStateSchema = z.strictObject({
  version: z.literal(1),
  origin: z.string().max(128),
  size: index,
  root: hash,
  sequence: z
    .int()
    .min(0)
    .max(2 ** 31),
});
export type ReleaseState = z.output<typeof releaseStateSchema>;

/** @throws NmpError RELEASE_MALFORMED */
export function parseRelease<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = (issue?.path ?? []).map(String).join('.');
  throw new NmpError('RELEASE_MALFORMED', `${path || 'top level'}: ${issue?.message ?? 'invalid'}`);
}

const bytesOf = (hashes: readonly string[]) =>
  hashes.map((text) => fromHex(text) ?? new Uint8Array(0));

function checkContinues(bundle: ReleaseBundle, now: Checkpoint, seen: ReleaseState): void {
  const firstRoot = fromHex(seen.root) ?? new Uint8Array(0);
  const given = bundle.consistency;
  const same = seen.size === now.size && equalBytes(firstRoot, now.root);
  const continues =
    given?.size === seen.size &&
    verifyConsistency({
      first: seen.size,
      firstRoot,
      second: now.size,
      secondRoot: now.root,
      proof: bytesOf(given.proof),
    });
  if (seen.origin !== now.origin || !(same || continues)) {
    throw new NmpError('RELEASE_LOG_REWRITTEN');
  }
}

/**
 * @param seen what was accepted before, if anything was
 * @returns the manifest, and what to remember in place of `seen`
 * @throws NmpError RELEASE_MALFORMED, RELEASE_SIGNATURES, RELEASE_CHECKPOINT, RELEASE_NOT_LOGGED,
 * RELEASE_LOG_REWRITTEN, RELEASE_ROLLBACK
 */
export function verifyReleaseBundle(
  bundle: ReleaseBundle,
  trust: ReleaseTrust,
  seen?: ReleaseState,
): { readonly manifest: ReleaseManifest; readonly state: ReleaseState } {
  const { manifest } = bundle.release;
  if (trust.threshold > new Set(trust.signers).size) {
    throw new NmpError('RELEASE_MALFORMED', 'threshold: more than there are signers');
  }
  checkSignatures(bundle.release, trust.signers, trust.threshold);
  const checkpoint = openCheckpoint(bundle.checkpoint, trust.origin, trust.logKey);
  const { size, root, origin } = checkpoint;
  const logged = verifyInclusion({
    leaf: leafHash(entryBytes(bundle.release)),
    index: bundle.index,
    size,
    root,
    proof: bytesOf(bundle.inclusion),
  });
  if (!logged) throw new NmpError('RELEASE_NOT_LOGGED');
  if (seen !== undefined) {
    checkContinues(bundle, checkpoint, seen);
    if (manifest.sequence < seen.sequence) throw new NmpError('RELEASE_ROLLBACK');
  }
  const state = {
    version: 1,
    origin,
    size,
    root: toHex(root),
    sequence: manifest.sequence,
  } as const;
  return { manifest, state };
}

/**
 * The bundle of one entry of a log, with a new checkpoint over all entries.
 * @param entries of the log, in its order
 * @param from size of an older checkpoint, from which consistency is to be proven
 * @param seed Ed25519 private key of the log, 32 bytes
 */
export function bundleOf(
  entries: readonly SignedRelease[],
  at: number,
  origin: string,
  seed: Uint8Array,
  from?: number,
): ReleaseBundle {
  const release = entries[at];
  if (release === undefined) throw new RangeError('no such entry');
  const leaves = entries.map((entry) => leafHash(entryBytes(entry)));
  const checkpoint = { origin, size: leaves.length, root: rootOf(leaves) };
  const hexes = (hashes: readonly Uint8Array[]) => hashes.map(toHex);
  return {
    version: 1,
    release,
    index: at,
    checkpoint: signCheckpoint(checkpoint, seed),
    inclusion: hexes(inclusionProof(leaves, at)),
    ...(from === undefined
      ? {}
      : { consistency: { size: from, proof: hexes(consistencyProof(leaves, from)) } }),
  };
}
