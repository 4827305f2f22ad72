/**
 * The report: every check by name, what was expected and what was found. The same object in
 * library, command line, JSON and page; a client appends what it checks of an answer.
 */
import { ERROR_CODES, type ErrorCode, NmpError } from '../errors.ts';

export type CheckId =
  | 'parses'
  | 'chain'
  | 'signature'
  | 'authority'
  | 'pcrs'
  | 'not-debug'
  | 'nonce'
  | 'age'
  | 'binding'
  | 'release'
  | 'module-hash'
  | 'certificate'
  | 'receipt'
  | 'egress';

export interface Check {
  readonly id: CheckId;
  readonly status: 'pass' | 'fail' | 'skip';
  /** Set if the check failed. */
  readonly code?: ErrorCode;
  /** What is wrong, as one sentence; set if the check failed. */
  readonly cause?: string;
  readonly expected: string;
  readonly actual: string;
  /** Why the check matters, for a reader who has never seen it. */
  readonly why: string;
  /** What to do if it failed. */
  readonly remedy: string;
}

/** What the document says, for display; hex where bytes. */
export interface DocumentFacts {
  readonly moduleId: string;
  readonly timestamp: string;
  readonly pcrs: Readonly<Record<string, string>>;
  readonly publicKey: string | null;
  readonly userData: string | null;
  readonly nonce: string | null;
  /** SHA-256 of the payload: identifies the evidence. */
  readonly payloadHash: string;
}

export interface AttestationReport {
  readonly verdict: 'pass' | 'fail';
  /** `aws`: signed under an AWS root; `simulated`: no hardware stands behind it. */
  readonly mode: 'aws' | 'simulated' | 'unknown';
  /** True if no hardware stands behind the evidence; shown in every output. */
  readonly simulated: boolean;
  readonly checkedAt: string;
  readonly checks: readonly Check[];
  readonly document?: DocumentFacts;
}

const WHY: Readonly<Record<CheckId, string>> = {
  parses: 'Only the exact encoding of the NSM has one meaning.',
  chain: 'Ties the signing key, certificate by certificate, to a root that you pinned.',
  signature: 'Nothing in the document was changed since the NSM signed it.',
  authority: 'Says whether hardware or a simulation stands behind the root.',
  pcrs: 'The measured image is one of those that you decided to trust.',
  'not-debug': 'In debug mode the operator can read the enclave.',
  nonce: 'The document was made for this exchange, and is no replay.',
  age: 'An old document says nothing about what runs now.',
  binding: 'Keys, identities and rules of this session are those of the measured enclave.',
  release: 'The release is within its period of use.',
  'module-hash': 'The module that ran is, byte for byte, the one that you meant.',
  certificate: 'The enclave signed that this module gave this answer on this data.',
  receipt: 'Proves the execution without trust in node, cloud or us.',
  egress: "The answer passed the data owner's filter.",
};

export function passed(id: CheckId, expected: string, actual: string): Check {
  return { id, status: 'pass', expected, actual, why: WHY[id], remedy: '' };
}

export function failed(id: CheckId, code: ErrorCode, expected: string, actual: string): Check {
  const { cause, remedy } = ERROR_CODES[code];
  return { id, status: 'fail', code, cause, expected, actual, why: WHY[id], remedy };
}

/** A check that nothing was given for. @param found what the document holds there */
export function skipped(id: CheckId, found: string): Check {
  return {
    id,
    status: 'skip',
    expected: 'not asked for',
    actual: found,
    why: WHY[id],
    remedy: '',
  };
}

/** A check that could not be made, because an earlier one failed. */
export function unreached(id: CheckId, reason: string): Check {
  return { ...skipped(id, reason), expected: 'not checked' };
}

/** The report with further checks at its end. */
export function appendChecks(
  report: AttestationReport,
  checks: readonly Check[],
): AttestationReport {
  const all = [...report.checks, ...checks];
  return { ...report, checks: all, verdict: verdictOf(all) };
}

export function verdictOf(checks: readonly Check[]): 'pass' | 'fail' {
  return checks.length > 0 && checks.every((check) => check.status !== 'fail') ? 'pass' : 'fail';
}

/** The first failed check as an error, or undefined. */
export function firstFailure(report: AttestationReport): NmpError | undefined {
  const check = report.checks.find((candidate) => candidate.status === 'fail');
  if (check?.code !== undefined) return new NmpError(check.code);
  return report.verdict === 'pass' ? undefined : new NmpError('INTERNAL');
}

/** @throws NmpError of the first failed check */
export function assertPassed(report: AttestationReport): void {
  const failure = firstFailure(report);
  if (failure !== undefined) throw failure;
}
