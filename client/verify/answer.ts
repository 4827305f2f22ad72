/**
 * What a client checks of an answer before it lets a payload go: the shield. Every field of the
 * execution certificate is compared with the request, the session and the attested statement.
 */
import {
  type AttestationReport,
  appendChecks,
  type Check,
  failed,
  passed,
} from '../../shared/attestation/report.ts';
import { equalBytes, toHex, utf8 } from '../../shared/bytes.ts';
import type { CryptoSuite } from '../../shared/crypto/suite.ts';
import { type ErrorCode, NmpError } from '../../shared/errors.ts';
import { type ExecutionCertificate, openCertificate } from '../../shared/receipt/certificate.ts';
import { COMMITMENT_SALT_BYTES, commitTo, OUTPUT_LABEL } from '../../shared/receipt/commitment.ts';
import type { LogicResponse } from '../../shared/wire/codec.ts';
import type { Attested } from '../session/node-session.ts';

/** What the client asked for. */
export interface Asked {
  /** SHA-256 of the module that must have run. */
  readonly moduleHash: Uint8Array;
  /** SHA-256 of the engine that must have run it, if it is a text. */
  readonly engineHash?: Uint8Array | undefined;
  /** `name@version` and digest from the attested statement. */
  readonly capability: { readonly id: string; readonly digest: Uint8Array };
  /** Datasets asked for; undefined if all that the capability grants. */
  readonly datasets: readonly string[] | undefined;
  readonly requestNonce: Uint8Array;
}

interface Comparison {
  readonly name: string;
  readonly holds: boolean;
}

function datasetsHold(
  certificate: ExecutionCertificate,
  attested: Attested,
  asked: Asked,
): boolean {
  const known = new Map(attested.statement.datasets.map((d) => [d.id, d.commitment]));
  const named = certificate.datasets.map((dataset) => dataset.id);
  if (asked.datasets !== undefined && asked.datasets.join('\n') !== named.join('\n')) return false;
  return certificate.datasets.every(({ id, commitment }) => {
    const expected = known.get(id);
    return expected !== undefined && equalBytes(expected, commitment);
  });
}

/** How far the clock of a node may run behind its own NSM's. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** Not before the attestation of this session was signed: certificates are made for one session. */
function issuedInSession(certificate: ExecutionCertificate, { report }: Attested): boolean {
  const signedAtMs = Date.parse(report.document?.timestamp ?? '');
  return Number(certificate.issuedAtMs) >= signedAtMs - CLOCK_SKEW_MS;
}

/** A module runs by itself; a text on the one engine that this client knows. */
function sameEngine(stated: Uint8Array | undefined, wanted: Uint8Array | undefined): boolean {
  if (stated === undefined || wanted === undefined) return stated === wanted;
  return equalBytes(stated, wanted);
}

function compare(
  suite: CryptoSuite,
  certificate: ExecutionCertificate,
  response: LogicResponse,
  attested: Attested,
  asked: Asked,
): readonly Comparison[] {
  const { statement } = attested;
  const saltsHold =
    response.outputSalt.length === COMMITMENT_SALT_BYTES &&
    response.inputSalt.length === COMMITMENT_SALT_BYTES;
  const output = saltsHold
    ? commitTo(suite, OUTPUT_LABEL, response.outputSalt, utf8(response.semanticEvidence))
    : new Uint8Array(0);
  return [
    { name: 'output', holds: equalBytes(certificate.outputCommitment, output) },
    { name: 'input', holds: equalBytes(certificate.inputCommitment, response.inputCommitment) },
    { name: 'request nonce', holds: equalBytes(certificate.requestNonce, asked.requestNonce) },
    { name: 'session', holds: equalBytes(certificate.session, attested.transcript) },
    { name: 'profile', holds: certificate.profile === statement.profile },
    {
      name: 'capability',
      holds:
        certificate.capability === asked.capability.id &&
        equalBytes(certificate.capabilityDigest, asked.capability.digest),
    },
    { name: 'datasets', holds: datasetsHold(certificate, attested, asked) },
    { name: 'engine', holds: sameEngine(certificate.engineHash, asked.engineHash) },
    { name: 'time', holds: issuedInSession(certificate, attested) },
    { name: 'simulation', holds: certificate.simulated === statement.simulated },
  ];
}

function certificateChecks(
  suite: CryptoSuite,
  response: LogicResponse,
  attested: Attested,
  asked: Asked,
): readonly Check[] {
  const expected = 'signed by the attested key, every field as asked';
  let certificate: ExecutionCertificate;
  try {
    certificate = openCertificate(
      suite,
      response.cryptographicProof,
      attested.statement.certificateKey,
    );
  } catch (error) {
    const code: ErrorCode = error instanceof NmpError ? error.code : 'CERTIFICATE_MALFORMED';
    return [failed('certificate', code, expected, 'does not hold')];
  }
  const moduleHash = toHex(certificate.moduleHash);
  const wanted = toHex(asked.moduleHash);
  const wrong = compare(suite, certificate, response, attested, asked)
    .filter((comparison) => !comparison.holds)
    .map((comparison) => comparison.name);
  return [
    moduleHash === wanted
      ? passed('module-hash', wanted, moduleHash)
      : failed('module-hash', 'CERTIFICATE_MISMATCH', wanted, moduleHash),
    wrong.length === 0
      ? passed('certificate', expected, `holds, ${certificate.fuelUsed} fuel`)
      : failed('certificate', 'CERTIFICATE_MISMATCH', expected, `differs in ${wrong.join(', ')}`),
    passed('egress', 'a verdict inside the certificate', toHex(certificate.egressVerdict)),
  ];
}

/** The session's report with the checks of this answer at its end. */
export function judgeAnswer(
  suite: CryptoSuite,
  response: LogicResponse,
  attested: Attested,
  asked: Asked,
): AttestationReport {
  return appendChecks(attested.report, certificateChecks(suite, response, attested, asked));
}
