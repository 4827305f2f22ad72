/**
 * Judges attestation evidence. One path for AWS and simulated roots; only the anchor differs. The
 * verifier reads as the list of its checks, and answers with all of them.
 */
import { equalBytes, fromHex, toHex } from '../bytes.ts';
import { type ErrorCode, NmpError } from '../errors.ts';
import type { ClientPolicy, ReleasePolicy } from '../policy/client-policy.ts';
import { encodeCbor } from '../wire/cbor.ts';
import { checkSignatureRange } from './certificate.ts';
import { type Anchor, type ChainCache, type VerifiedChain, verifyChain } from './chain.ts';
import type { VerifierCrypto, VerifierKey } from './crypto.ts';
import { decodeAttestationDocument, type SignedDocument } from './document.ts';
import {
  type AttestationReport,
  type Check,
  type DocumentFacts,
  failed,
  passed,
  skipped,
  unreached,
  verdictOf,
} from './report.ts';

export interface VerifyComponents {
  readonly crypto: VerifierCrypto;
  readonly cache?: ChainCache;
}

export interface VerifyInit {
  readonly anchors: readonly Anchor[];
  /** Time of the check, milliseconds since 1970. */
  readonly atMs: number;
  /** What is trusted; undefined judges document, chain and signature alone. */
  readonly policy?: ClientPolicy;
  readonly expected?: {
    readonly nonce?: Uint8Array;
    readonly userData?: Uint8Array;
    /** Measurement of the node statement, see `statementPcr`. */
    readonly pcr16?: Uint8Array;
  };
}

/** How far two honest clocks may differ. */
const CLOCK_SKEW_MS = 5 * 60_000;
const EMPTY = new Uint8Array(0);

/** The value of PCR16 after the node statement (SHA-384) was extended into it once. */
export function statementPcr(
  sha384: (...parts: readonly Uint8Array[]) => Uint8Array,
  statementDigest: Uint8Array,
): Uint8Array {
  return sha384(new Uint8Array(48), statementDigest);
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof NmpError) return error.code;
  throw error;
}

function optionalHex(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined ? null : toHex(bytes);
}

function factsOf({ document, payload }: SignedDocument, crypto: VerifierCrypto): DocumentFacts {
  return {
    moduleId: document.moduleId,
    timestamp: new Date(document.timestampMs).toISOString(),
    pcrs: Object.fromEntries([...document.pcrs].map(([index, value]) => [index, toHex(value)])),
    publicKey: optionalHex(document.publicKey),
    userData: optionalHex(document.userData),
    nonce: optionalHex(document.nonce),
    payloadHash: toHex(crypto.sha256(payload)),
  };
}

/** What is wrong with the time of signing: it lies in the life of the leaf and not in the future. */
function timestampFault(
  timestampMs: number,
  chain: VerifiedChain,
  atMs: number,
): ErrorCode | undefined {
  const leaf = chain.certificates.at(-1);
  if (timestampMs > atMs + CLOCK_SKEW_MS) return 'ATTESTATION_FUTURE';
  const within =
    leaf !== undefined &&
    timestampMs >= leaf.notBeforeMs - CLOCK_SKEW_MS &&
    timestampMs <= leaf.notAfterMs + CLOCK_SKEW_MS;
  return within ? undefined : 'ATTESTATION_TIMESTAMP';
}

async function checkSignature(signed: SignedDocument, key: VerifierKey): Promise<void> {
  checkSignatureRange(signed.signature);
  const message = encodeCbor(['Signature1', signed.protectedHeader, EMPTY, signed.payload]);
  if (!(await key.verify(message, signed.signature))) {
    throw new NmpError('ATTESTATION_SIGNATURE');
  }
}

function checkAuthority(chain: VerifiedChain, policy: ClientPolicy, fingerprint: string): Check {
  const { anchor } = chain;
  if (anchor.kind === 'simulated') {
    const expected = 'hardware, or a simulated root that the policy names';
    const actual = `SIMULATED root ${fingerprint}`;
    return policy.simulatedRoots.includes(fingerprint)
      ? passed('authority', expected, actual)
      : failed('authority', 'ATTESTATION_SIMULATED', expected, actual);
  }
  const expected = 'a root that the policy names';
  return policy.anchors === undefined || policy.anchors.includes(fingerprint)
    ? passed('authority', expected, anchor.id)
    : failed('authority', 'ATTESTATION_ROOT', expected, anchor.id);
}

const RELEASE_PCRS = [
  ['pcr0', 0],
  ['pcr1', 1],
  ['pcr2', 2],
  ['pcr3', 3],
  ['pcr4', 4],
  ['pcr8', 8],
  ['pcr16', 16],
] as const satisfies readonly (readonly [keyof ReleasePolicy, number])[];

function matches(release: ReleasePolicy, pcrs: ReadonlyMap<number, Uint8Array>): boolean {
  return RELEASE_PCRS.every(([name, index]) => {
    const wanted = release[name];
    if (wanted === undefined) return true;
    const expected = fromHex(wanted);
    const actual = pcrs.get(index);
    return expected !== undefined && actual !== undefined && equalBytes(expected, actual);
  });
}

function pcrSummary(pcrs: ReadonlyMap<number, Uint8Array>): string {
  return [0, 1, 2].map((i) => `PCR${i} ${toHex(pcrs.get(i) ?? EMPTY) || 'absent'}`).join(', ');
}

/** PCRs against the releases, then the period of the release that matched. */
function checkRelease(
  { pcrs }: SignedDocument['document'],
  policy: ClientPolicy,
  atMs: number,
): readonly Check[] {
  const names = policy.releases.map((release) => release.name ?? release.pcr0.slice(0, 16));
  const expected = `one of ${policy.releases.length} releases: ${names.join(', ')}`;
  const actual = pcrSummary(pcrs);
  const matching = policy.releases.filter((release) => matches(release, pcrs));
  if (matching.length === 0) {
    const asked = RELEASE_PCRS.filter(([name]) => policy.releases.every((r) => r[name]));
    const absent = asked.find(([, index]) => !pcrs.has(index));
    const code = absent === undefined ? 'ATTESTATION_PCR_UNKNOWN' : 'ATTESTATION_PCR_ABSENT';
    return [
      failed('pcrs', code, expected, actual),
      unreached('release', 'no release matched the measurements'),
    ];
  }
  const current = matching.find(
    ({ notBefore, notAfter }) =>
      (notBefore === undefined || Date.parse(notBefore) <= atMs) &&
      (notAfter === undefined || atMs <= Date.parse(notAfter)),
  );
  const named = (current ?? matching[0])?.name ?? 'unnamed release';
  return [
    passed('pcrs', expected, `${named}: ${actual}`),
    current === undefined
      ? failed('release', 'ATTESTATION_RELEASE_EXPIRED', 'within its period of use', named)
      : passed('release', 'within its period of use', named),
  ];
}

function checkDebug({ pcrs }: SignedDocument['document'], policy: ClientPolicy): Check {
  const zero = [0, 1, 2].every((index) => pcrs.get(index)?.every((byte) => byte === 0) ?? true);
  const found = pcrs.has(0) || pcrs.has(1) || pcrs.has(2) ? 'all zero' : 'all absent';
  const expected = 'PCR0, PCR1 and PCR2 not all zero';
  if (!zero) return passed('not-debug', expected, 'production mode');
  return policy.allowDebug
    ? passed('not-debug', 'debug allowed by the policy', 'DEBUG MODE')
    : failed('not-debug', 'ATTESTATION_DEBUG', expected, `DEBUG MODE: ${found}`);
}

function checkBytes(
  id: 'nonce' | 'binding',
  code: ErrorCode,
  expected: Uint8Array | undefined,
  actual: Uint8Array | undefined,
): Check {
  if (expected === undefined) {
    return skipped(id, actual === undefined ? 'the document has none' : toHex(actual));
  }
  const equal = actual !== undefined && equalBytes(expected, actual);
  const shown = actual === undefined ? 'none' : toHex(actual);
  return equal ? passed(id, toHex(expected), shown) : failed(id, code, toHex(expected), shown);
}

function checkAge(
  { timestampMs }: SignedDocument['document'],
  chain: VerifiedChain,
  init: VerifyInit,
): Check {
  const { policy, atMs } = init;
  const fault = timestampFault(timestampMs, chain, atMs);
  if (fault !== undefined) {
    const signedAt = new Date(timestampMs).toISOString();
    return failed('age', fault, 'signed in the life of the leaf, not in the future', signedAt);
  }
  if (policy === undefined) return skipped('age', 'no policy given');
  const ageMs = atMs - timestampMs;
  const expected = `at most ${policy.maxAgeMs / 1000} s old`;
  const actual = `${(ageMs / 1000).toFixed(1)} s old`;
  return ageMs > policy.maxAgeMs
    ? failed('age', 'ATTESTATION_STALE', expected, actual)
    : passed('age', expected, actual);
}

function checkBinding({ userData, pcrs }: SignedDocument['document'], init: VerifyInit): Check {
  const { expected } = init;
  const pcr16 = expected?.pcr16;
  const actual = pcrs.get(16);
  if (pcr16 !== undefined && (actual === undefined || !equalBytes(pcr16, actual))) {
    const shown = actual === undefined ? 'PCR16 absent' : `PCR16 ${toHex(actual)}`;
    return failed('binding', 'ATTESTATION_STATEMENT_PCR', `PCR16 ${toHex(pcr16)}`, shown);
  }
  return checkBytes('binding', 'ATTESTATION_BINDING', expected?.userData, userData);
}

/** Checks of the policy, in their order. */
function policyChecks(
  signed: SignedDocument,
  chain: VerifiedChain,
  init: VerifyInit,
  crypto: VerifierCrypto,
): readonly Check[] {
  const { document } = signed;
  const { policy, atMs, expected } = init;
  const nonce = checkBytes('nonce', 'ATTESTATION_NONCE', expected?.nonce, document.nonce);
  if (policy === undefined) {
    const reason = 'no policy given: evidence only';
    return [
      skipped('authority', chain.anchor.kind === 'simulated' ? 'SIMULATED root' : chain.anchor.id),
      skipped('pcrs', pcrSummary(document.pcrs)),
      skipped('release', reason),
      skipped('not-debug', reason),
      nonce,
      checkAge(document, chain, init),
      checkBinding(document, init),
    ];
  }
  return [
    checkAuthority(chain, policy, toHex(crypto.sha256(chain.anchor.der))),
    checkDebug(document, policy),
    ...checkRelease(document, policy, atMs),
    nonce,
    checkAge(document, chain, init),
    checkBinding(document, init),
  ];
}

/**
 * Never throws for hostile bytes: what is wrong stands in the report. Checks that could not be
 * made because an earlier one failed are marked as skipped.
 * @param bytes the document; must not change during the call
 * @throws NmpError ATTESTATION_POLICY_EMPTY for a policy without a release
 */
export async function verifyAttestation(
  { crypto, cache }: VerifyComponents,
  bytes: Uint8Array,
  init: VerifyInit,
): Promise<AttestationReport> {
  if (init.policy?.releases.length === 0) throw new NmpError('ATTESTATION_POLICY_EMPTY');
  const checkedAt = new Date(init.atMs).toISOString();
  const checks: Check[] = [];
  let mode: AttestationReport['mode'] = 'unknown';
  let document: DocumentFacts | undefined;
  const report = (): AttestationReport => ({
    verdict: verdictOf(checks),
    mode,
    simulated: mode === 'simulated',
    checkedAt,
    checks,
    ...(document === undefined ? {} : { document }),
  });
  const rest = (reason: string) => {
    const all = [
      'parses',
      'chain',
      'signature',
      'authority',
      'not-debug',
      'pcrs',
      'release',
      'nonce',
      'age',
      'binding',
    ] as const;
    for (const id of all) {
      if (!checks.some((check) => check.id === id)) checks.push(unreached(id, reason));
    }
    return report();
  };

  let signed: SignedDocument;
  try {
    signed = decodeAttestationDocument(bytes);
  } catch (error) {
    checks.push(failed('parses', codeOf(error), 'strict COSE_Sign1', `${bytes.length} bytes`));
    return rest('the document could not be read');
  }
  checks.push(passed('parses', 'strict COSE_Sign1', `${bytes.length} bytes`));
  document = factsOf(signed, crypto);

  const trusted = init.anchors.map((anchor) => anchor.id).join(', ');
  let chain: VerifiedChain;
  // Begun beside the chain; its outcome is looked at only once the chain holds.
  let signature: Promise<unknown> | undefined;
  const begin = (key: VerifierKey) => checkSignature(signed, key).catch((error: unknown) => error);
  try {
    const { anchors, atMs } = init;
    chain = await verifyChain(signed.document, {
      anchors,
      atMs,
      crypto,
      onKey: (key) => {
        signature = begin(key);
      },
      ...(cache === undefined ? {} : { cache }),
    });
  } catch (error) {
    const code = codeOf(error);
    checks.push(failed('chain', code, `a valid chain to ${trusted}`, `checked at ${checkedAt}`));
    return rest('the chain did not hold');
  }
  mode = chain.anchor.kind;
  checks.push(
    passed(
      'chain',
      `a valid chain to ${trusted}`,
      `${chain.certificates.length} certificates to ${chain.anchor.id}`,
    ),
  );

  const fault = await (signature ?? begin(chain.key));
  if (fault !== undefined) {
    checks.push(failed('signature', codeOf(fault), 'ES384 over the payload', 'does not hold'));
    return rest('the signature did not hold');
  }
  checks.push(passed('signature', 'ES384 over the payload', 'holds'));
  checks.push(...policyChecks(signed, chain, init, crypto));
  return report();
}
