/**
 * What an MCP host sees of a call that was blocked or could not be verified: a closed set of
 * fields, always `REFUSAL_CHARS` long. Logic is written by whoever talks to the model, so whatever
 * it can choose (keys, sizes, texts, traps) must not reach that side through a refusal.
 */
import { ERROR_CODES, type ErrorCode, NmpError, type Stage } from '../../shared/errors.ts';
import { isChosenByLogic } from '../../shared/wire/chosen-by-logic.ts';
import { RefusedError } from '../refused-error.ts';
import type { CountBucket } from './block-budget.ts';

/** A refusal as JSON, padding included: ASCII characters. */
export const REFUSAL_CHARS = 768;

export interface Refusal {
  readonly verdict: 'blocked';
  readonly stage: Stage;
  readonly code: ErrorCode;
  /** Blocks of this logic within the hour; of anything else always `1`. */
  readonly countBucket: CountBucket;
  readonly retryable: boolean;
  readonly hint: string;
  /** 16 random bytes, base64url: ties the refusal to the audit record. */
  readonly auditId: string;
  readonly padding: string;
}

const HINT_CHOSEN =
  'No answer left the node: it did not pass the egress filter, or the logic trapped or used up ' +
  'fuel, memory or time. Return only what the output schema and the data owner allow; to learn ' +
  'which it was, run the logic on sample records at a node of your own (nmp start, nmp run).';

const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  'UNREACHABLE',
  'TIMEOUT',
  'CONNECTION_LOST',
  'STREAM_TRUNCATED',
  'SESSION_UNKNOWN',
  'SESSION_LIMIT',
  'SANDBOX_UNAVAILABLE',
  'JOB_LIMIT',
]);

export function codeOf(error: unknown): ErrorCode {
  if (!(error instanceof NmpError)) return 'INTERNAL';
  // Telling a trap from a blocked answer would be a bit of the records a call.
  return isChosenByLogic(error.code) ? 'EGRESS_BLOCKED' : error.code;
}

/** True if logic ran and its own doing ended the call: such a block counts against its budget. */
export function endedByLogic(error: unknown): boolean {
  return error instanceof RefusedError && isChosenByLogic(error.code);
}

const AUDIT_ID = /^[A-Za-z0-9_-]{22}$/;

/**
 * @param mintAuditId makes an id where the node gave none
 * @param countBucket of the logic's blocks, if it was the logic's doing
 */
export function refusalOf(
  error: unknown,
  mintAuditId: () => string,
  countBucket: CountBucket = '1',
): Refusal {
  const code = codeOf(error);
  const given = error instanceof RefusedError ? error.auditId : '';
  const refusal: Refusal = {
    verdict: 'blocked',
    stage: ERROR_CODES[code].stage,
    code,
    countBucket,
    retryable: RETRYABLE.has(code),
    hint: code === 'EGRESS_BLOCKED' ? HINT_CHOSEN : ERROR_CODES[code].remedy,
    auditId: AUDIT_ID.test(given) ? given : mintAuditId(),
    padding: '',
  };
  const missing = REFUSAL_CHARS - JSON.stringify(refusal).length;
  if (missing < 0) throw new NmpError('INTERNAL', 'a refusal does not fit its fixed size');
  return { ...refusal, padding: '.'.repeat(missing) };
}
