/** A refusal by the node: a closed set of codes, nothing of the data. */
import { ERROR_CODES, type ErrorCode, NmpError } from '../shared/errors.ts';
import type { LogicResponse } from '../shared/wire/codec.ts';

type WireRefusal = NonNullable<LogicResponse['refusal']>;

export class RefusedError extends NmpError {
  readonly reasons: readonly string[];
  readonly countBucket: string;
  readonly retryable: boolean;
  readonly auditId: string;

  constructor(code: ErrorCode, refusal: Omit<WireRefusal, 'stage' | 'code' | 'padding'>) {
    super(code);
    this.reasons = refusal.reasons.filter((reason) => /^[A-Z0-9_]{1,40}$/.test(reason));
    this.countBucket = refusal.countBucket;
    this.retryable = refusal.retryable;
    this.auditId = refusal.auditId;
  }
}

/** The code comes from the node: only ours are passed on. */
export function refusedBy(refusal: WireRefusal): RefusedError {
  const known = Object.hasOwn(ERROR_CODES, refusal.code);
  return new RefusedError(known ? (refusal.code as ErrorCode) : 'INTERNAL', refusal);
}
