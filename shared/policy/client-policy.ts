/**
 * The client's policy: which measured releases, under which roots, a client trusts. There is no
 * way to write one that accepts everything.
 */
import { z } from 'zod';
import { NmpError } from '../errors.ts';
import { releaseBundleSchema, releaseTrustSchema, verifyReleaseBundle } from '../release/bundle.ts';

/** Longest policy file, characters. */
const POLICY_CHARS_MAX = 1_048_576;

const pcr = z
  .string()
  .regex(/^[0-9a-f]{96}$/)
  .describe('SHA-384 in lower-case hex: 96 digits.');
const instant = z.iso.datetime({ offset: true });
const fingerprint = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe("SHA-256 of a root certificate's DER in lower-case hex.");

const release = z.strictObject({
  name: z.string().min(1).max(128).exactOptional(),
  pcr0: pcr.describe('The whole image.'),
  pcr1: pcr.describe('Kernel and boot ramdisk.'),
  pcr2: pcr.describe('Application.'),
  pcr3: pcr.exactOptional().describe('IAM role of the parent instance.'),
  pcr4: pcr.exactOptional().describe('Id of the parent instance.'),
  pcr8: pcr.exactOptional().describe('Certificate that signed the image.'),
  pcr16: pcr.exactOptional().describe('Node statement.'),
  notBefore: instant.exactOptional().describe('The release is trusted from then on.'),
  notAfter: instant.exactOptional().describe('The release is trusted until then.'),
  logged: releaseBundleSchema
    .exactOptional()
    .describe('Proof that the release is signed and logged; required where the policy has `log`.'),
});

export const clientPolicySchema = z
  .strictObject({
    $schema: z.string().max(1024).exactOptional(),
    version: z.literal(1),
    releases: z.array(release).min(1).max(256).describe('Any one of them must match whole.'),
    log: releaseTrustSchema
      .exactOptional()
      .describe('Accept only releases proven to stand in this transparency log.'),
    anchors: z
      .array(fingerprint)
      .min(1)
      .max(16)
      .exactOptional()
      .describe('Roots trusted, by fingerprint; default: AWS Nitro Enclaves Root-G1.'),
    simulatedRoots: z
      .array(fingerprint)
      .max(16)
      .default([])
      .describe('Simulated roots accepted, for tests only. Nothing stands behind such evidence.'),
    maxAgeMs: z
      .int()
      .min(1_000)
      .max(86_400_000)
      .default(300_000)
      .describe('Oldest document accepted.'),
    allowDebug: z.boolean().default(false).describe('Accept enclaves whose memory can be read.'),
  })
  .describe('What an NMP client trusts.');

export type ClientPolicy = z.output<typeof clientPolicySchema>;
export type ReleasePolicy = ClientPolicy['releases'][number];

/**
 * Where a log is named, each release must be proven in it, with the measurements that it states.
 * @throws NmpError RELEASE_*
 */
function checkLogged({ log, releases }: ClientPolicy): void {
  for (const release of releases) {
    if (log === undefined) {
      if (release.logged === undefined) continue;
      throw new NmpError('ATTESTATION_POLICY_INVALID', 'releases: `logged` without `log`');
    }
    if (release.logged === undefined) throw new NmpError('RELEASE_NOT_LOGGED');
    const { measurements, notBefore, notAfter } = verifyReleaseBundle(release.logged, log).manifest;
    const stated = { ...measurements, notBefore, notAfter };
    const kept =
      release.pcr0 === stated.pcr0 &&
      release.pcr1 === stated.pcr1 &&
      release.pcr2 === stated.pcr2 &&
      (stated.pcr8 === undefined || release.pcr8 === stated.pcr8) &&
      (stated.notBefore === undefined || isWithin(release.notBefore, stated.notBefore, 1)) &&
      (stated.notAfter === undefined || isWithin(release.notAfter, stated.notAfter, -1));
    if (!kept) throw new NmpError('RELEASE_NOT_LOGGED');
  }
}

/** A policy may narrow the period that the publisher gave, never widen it. */
function isWithin(own: string | undefined, stated: string, sign: 1 | -1): boolean {
  return own !== undefined && sign * (Date.parse(own) - Date.parse(stated)) >= 0;
}

/**
 * @param file name of the file as the reader knows it
 * @throws NmpError ATTESTATION_POLICY_EMPTY, ATTESTATION_POLICY_INVALID, RELEASE_*
 */
export function parseClientPolicy(text: string, file: string): ClientPolicy {
  let value: unknown;
  try {
    if (text.length > POLICY_CHARS_MAX) throw new RangeError('too long');
    value = JSON.parse(text);
  } catch (cause) {
    throw new NmpError('ATTESTATION_POLICY_INVALID', `${file}: not JSON`, { cause });
  }
  const releases =
    typeof value === 'object' && value !== null ? Reflect.get(value, 'releases') : undefined;
  if (releases === undefined || (Array.isArray(releases) && releases.length === 0)) {
    throw new NmpError('ATTESTATION_POLICY_EMPTY', `${file}: names no release`);
  }
  const parsed = clientPolicySchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = (issue?.path ?? []).map(String).join('.');
    throw new NmpError(
      'ATTESTATION_POLICY_INVALID',
      `${file}: ${path === '' ? 'top level' : path}: ${issue?.message ?? 'invalid'}`,
    );
  }
  checkLogged(parsed.data);
  return parsed.data;
}

/** The JSON Schema (2020-12) of the file, for editors. */
export function clientPolicyJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(clientPolicySchema, { io: 'input' }) };
}
