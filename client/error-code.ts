/** Error codes as values, for comparing: `error.code === ErrorCode.CapabilityViolation`. */
import { type ErrorCode as Code, ERROR_CODES } from '../shared/errors.ts';

/** Every code under its own name. */
const names = Object.fromEntries(Object.keys(ERROR_CODES).map((code) => [code, code])) as {
  readonly [C in Code]: C;
};

export const ErrorCode = {
  ...names,
  /** The logic asks for a dataset or column that the capability does not grant. */
  CapabilityViolation: names.CALL_GRANT,
  /** The module imports what the node's guardian does not allow. */
  GuardianRejected: names.GUARDIAN_REJECTED,
  /** The answer did not pass the egress filter. */
  EgressBlocked: names.EGRESS_BLOCKED,
  /** The measurements are none that the policy names. */
  UnknownMeasurement: names.ATTESTATION_PCR_UNKNOWN,
  Unreachable: names.UNREACHABLE,
  Timeout: names.TIMEOUT,
} as const;

export type ErrorCode = Code;
