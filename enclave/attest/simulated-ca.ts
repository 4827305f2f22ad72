/**
 * Issues certificates in the shape of the Nitro chain as observed on genuine documents
 * (docs/protocol.md, Attestation document): root, regional, zonal, instance, leaf; all P-384.
 */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Clock, Random } from '../../shared/runtime.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' } as const;
const DAY_MS = 24 * 60 * 60_000;
const ROOT_VALID_MS = 30 * 365 * DAY_MS;
/** How long each level below the root lives, and how many CAs may follow it. */
const LEVELS = [
  { name: 'regional', validMs: 20 * DAY_MS + 60 * 60_000, pathLength: 2 },
  { name: 'zonal', validMs: 5.5 * DAY_MS, pathLength: 1 },
  { name: 'instance', validMs: DAY_MS, pathLength: 0 },
] as const;
/** 3 h 0 m 3 s, as on every genuine leaf. */
export const LEAF_VALID_MS = (3 * 60 * 60 + 3) * 1000;
/** A certificate starts a little before the clock that asks for it. */
const BACKDATE_MS = 3_000;

x509.cryptoProvider.set(webcrypto as unknown as Crypto);

type Keys = webcrypto.CryptoKeyPair;

export interface Issuer {
  readonly certificate: Uint8Array;
  readonly privateKey: webcrypto.CryptoKey;
}

interface Components {
  readonly clock: Clock;
  readonly random: Random;
}

const newKeys = (): Promise<Keys> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

function serial(random: Random): string {
  const bytes = random.bytes(16);
  // A positive INTEGER without a leading zero byte, RFC 5280, section 4.1.2.2.
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

function der(certificate: x509.X509Certificate): Uint8Array {
  return new Uint8Array(certificate.rawData);
}

export async function issueRoot({ clock, random }: Components): Promise<{
  certificate: Uint8Array;
  keys: Keys;
}> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(random),
    name: 'CN=SIMULATED nmp-enclave root, OU=SIMULATED, O=nmp-enclave',
    notBefore: new Date(clock.nowMs() - BACKDATE_MS),
    notAfter: new Date(clock.nowMs() + ROOT_VALID_MS),
    signingAlgorithm: ALGORITHM,
    keys: keys as unknown as CryptoKeyPair,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as unknown as CryptoKey),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature |
          x509.KeyUsageFlags.keyCertSign |
          x509.KeyUsageFlags.cRLSign,
        true,
      ),
    ],
  });
  return { certificate: der(certificate), keys };
}

async function issue(
  { clock, random }: Components,
  issuer: Issuer,
  subject: {
    readonly name: string;
    readonly validMs: number;
    readonly extensions: x509.Extension[];
  },
): Promise<{ certificate: Uint8Array; keys: Keys; notAfterMs: number }> {
  const keys = await newKeys();
  const notAfterMs = clock.nowMs() - BACKDATE_MS + subject.validMs;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(random),
    issuer: new x509.X509Certificate(Buffer.from(issuer.certificate)).subjectName,
    subject: subject.name,
    notBefore: new Date(clock.nowMs() - BACKDATE_MS),
    notAfter: new Date(notAfterMs),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey as unknown as CryptoKey,
    signingKey: issuer.privateKey as unknown as CryptoKey,
    extensions: subject.extensions,
  });
  return { certificate: der(certificate), keys, notAfterMs };
}

export interface Chain {
  /** Root first, then regional, zonal, instance. */
  readonly cabundle: readonly Uint8Array[];
  readonly instance: Issuer;
  readonly notAfterMs: number;
}

export async function issueChain(components: Components, root: Issuer): Promise<Chain> {
  const cabundle = [root.certificate];
  let issuer = root;
  let notAfterMs = Number.POSITIVE_INFINITY;
  for (const { name, validMs, pathLength } of LEVELS) {
    const last = pathLength === 0;
    const usages = last
      ? x509.KeyUsageFlags.keyCertSign
      : x509.KeyUsageFlags.digitalSignature |
        x509.KeyUsageFlags.keyCertSign |
        x509.KeyUsageFlags.cRLSign;
    const issued = await issue(components, issuer, {
      name: `CN=SIMULATED ${name}, OU=SIMULATED, O=nmp-enclave`,
      validMs,
      extensions: [
        new x509.BasicConstraintsExtension(true, pathLength, true),
        new x509.KeyUsagesExtension(usages, true),
      ],
    });
    cabundle.push(issued.certificate);
    issuer = { certificate: issued.certificate, privateKey: issued.keys.privateKey };
    notAfterMs = Math.min(notAfterMs, issued.notAfterMs);
  }
  return { cabundle, instance: issuer, notAfterMs };
}

export function issueLeaf(
  components: Components,
  instance: Issuer,
  moduleId: string,
): Promise<{ certificate: Uint8Array; keys: Keys; notAfterMs: number }> {
  return issue(components, instance, {
    name: `CN=SIMULATED ${moduleId}, OU=SIMULATED, O=nmp-enclave`,
    validMs: LEAF_VALID_MS,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.nonRepudiation,
        false,
      ),
    ],
  });
}
