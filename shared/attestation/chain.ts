/** From a pinned root to the certificate that signs the document (RFC 5280, section 6, restricted). */
import { concat, equalBytes, lengthPrefixed, toHex } from '../bytes.ts';
import { NmpError } from '../errors.ts';
import { type Certificate, KEY_USAGE, parseCertificate } from './certificate.ts';
import type { VerifierCrypto, VerifierKey } from './crypto.ts';
import type { AttestationDocument } from './document.ts';

/** A root that a policy may trust. */
export interface Anchor {
  readonly id: string;
  readonly kind: 'aws' | 'simulated';
  readonly der: Uint8Array;
}

export interface VerifiedChain {
  readonly anchor: Anchor;
  /** Key of the certificate that signs documents. */
  readonly key: VerifierKey;
  readonly certificates: readonly Certificate[];
}

/** Verified chains by hash of all their bytes; validity in time is looked at on every use. */
export class ChainCache {
  readonly #entries = new Map<string, VerifiedChain>();
  readonly #max: number;

  constructor(max = 256) {
    this.#max = max;
  }

  get(key: string): VerifiedChain | undefined {
    return this.#entries.get(key);
  }

  set(key: string, chain: VerifiedChain): void {
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= this.#max && oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(key, chain);
  }
}

function checkValidity(certificates: readonly Certificate[], atMs: number): void {
  for (const { notBeforeMs, notAfterMs } of certificates) {
    if (atMs < notBeforeMs) throw new NmpError('ATTESTATION_CERTIFICATE_NOT_YET');
    if (atMs > notAfterMs) throw new NmpError('ATTESTATION_CERTIFICATE_EXPIRED');
  }
}

/** Rules for each certificate by its place: all but the last are CAs. */
function checkRoles(certificates: readonly Certificate[]): void {
  const leaf = certificates.length - 1;
  certificates.forEach((certificate, at) => {
    if (at === leaf) {
      if (certificate.ca || certificate.pathLength !== undefined) {
        throw new NmpError('ATTESTATION_LEAF_CA');
      }
      // A key that may sign certificates must be a CA's: RFC 5280, section 4.2.1.9.
      if (
        !certificate.keyUsage?.has(KEY_USAGE.digitalSignature) ||
        certificate.keyUsage.has(KEY_USAGE.keyCertSign)
      ) {
        throw new NmpError('ATTESTATION_LEAF_USAGE');
      }
      return;
    }
    if (!certificate.ca) throw new NmpError('ATTESTATION_CERTIFICATE_NOT_CA');
    if (!certificate.keyUsage?.has(KEY_USAGE.keyCertSign)) {
      throw new NmpError('ATTESTATION_CERTIFICATE_USAGE');
    }
    // CAs between this one and the leaf.
    if (certificate.pathLength !== undefined && leaf - at - 1 > certificate.pathLength) {
      throw new NmpError('ATTESTATION_CERTIFICATE_PATH_LENGTH');
    }
  });
}

function checkNames(certificates: readonly Certificate[]): void {
  certificates.forEach((certificate, at) => {
    const issuer = certificates[Math.max(0, at - 1)] ?? certificate;
    const selfIssued = equalBytes(certificate.issuer, certificate.subject);
    if (!equalBytes(certificate.issuer, issuer.subject) || (at > 0 && selfIssued)) {
      throw new NmpError('ATTESTATION_CERTIFICATE_ISSUER');
    }
  });
}

/** SHA-256 of roots whose signature over themselves was found good: it depends on nothing else. */
const soundAnchors = new Set<string>();
const SOUND_ANCHORS_MAX = 64;

async function checkAnchor(
  { der }: Anchor,
  crypto: VerifierCrypto,
  verify: () => Promise<boolean> | boolean,
): Promise<boolean> {
  const hash = toHex(crypto.sha256(der));
  if (soundAnchors.has(hash)) return true;
  if (!(await verify())) return false;
  if (soundAnchors.size < SOUND_ANCHORS_MAX) soundAnchors.add(hash);
  return true;
}

/**
 * @param atMs time of the check, milliseconds since 1970
 * @throws NmpError ATTESTATION_ROOT, ATTESTATION_CERTIFICATE_*, ATTESTATION_LEAF_*
 */
export async function verifyChain(
  document: AttestationDocument,
  options: {
    readonly anchors: readonly Anchor[];
    readonly atMs: number;
    readonly crypto: VerifierCrypto;
    readonly cache?: ChainCache;
    /**
     * Told the key of the last certificate before the chain is verified, so that what it signed can
     * be checked at the same time. Nothing of it counts unless this function resolves.
     */
    readonly onKey?: (key: VerifierKey) => void;
  },
): Promise<VerifiedChain> {
  const { crypto, atMs } = options;
  const [root] = document.cabundle;
  const anchor = options.anchors.find(
    (candidate) => root !== undefined && equalBytes(candidate.der, root),
  );
  if (anchor === undefined) throw new NmpError('ATTESTATION_ROOT');
  const all = [...document.cabundle, document.certificate];
  const cacheKey = `${anchor.kind}/${toHex(crypto.sha256(concat(...all.map(lengthPrefixed))))}`;
  const cached = options.cache?.get(cacheKey);
  if (cached !== undefined) {
    checkValidity(cached.certificates, atMs);
    return cached;
  }
  const certificates = all.map(parseCertificate);
  checkValidity(certificates, atMs);
  checkRoles(certificates);
  checkNames(certificates);
  // All at once: each needs its issuer's key only.
  const keys = await Promise.all(certificates.map(({ publicKey }) => crypto.importKey(publicKey)));
  const key = keys.at(-1);
  if (key === undefined) throw new NmpError('ATTESTATION_BUNDLE');
  options.onKey?.(key);
  const verify = (certificate: Certificate, at: number) =>
    keys[Math.max(0, at - 1)]?.verify(certificate.signed, certificate.signature) ?? false;
  const good = await Promise.all([
    checkAnchor(anchor, crypto, () => certificates[0] !== undefined && verify(certificates[0], 0)),
    ...certificates.slice(1).map((certificate, at) => verify(certificate, at + 1)),
  ]);
  if (!good.every((one) => one === true)) throw new NmpError('ATTESTATION_CERTIFICATE_SIGNATURE');
  const chain = { anchor, key, certificates };
  options.cache?.set(cacheKey, chain);
  return chain;
}
