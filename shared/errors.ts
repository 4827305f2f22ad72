/**
 * One error type for the whole project and the table of its codes.
 *
 * A code is stable: tools and people search for it. Each code belongs to one stage, names its
 * cause and the remedy, and maps to one exit code of the command line. `docs/errors.md` is written
 * from this table (`node scripts/error-docs.ts`) and a test keeps the two equal.
 */
import { ATTESTATION_ERRORS } from './errors/attestation.ts';
import { CERTIFICATE_ERRORS } from './errors/certificate.ts';
import { CONFIG_ERRORS } from './errors/config.ts';
import { DOCTOR_ERRORS } from './errors/doctor.ts';
import { EGRESS_ERRORS } from './errors/egress.ts';
import type { Stage } from './errors/entry.ts';
import { GUARDIAN_ERRORS } from './errors/guardian.ts';
import { IMAGE_ERRORS } from './errors/image.ts';
import { MCP_ERRORS } from './errors/mcp.ts';
import { NSM_ERRORS } from './errors/nsm.ts';
import { RECEIPT_ERRORS } from './errors/receipt.ts';
import { RELEASE_ERRORS } from './errors/release.ts';
import { SANDBOX_ERRORS } from './errors/sandbox.ts';
import { SEALED_ERRORS } from './errors/sealed.ts';
import { TRANSPORT_ERRORS } from './errors/transport.ts';

/** Exit codes of the `nmp` command line. */
export const EXIT = {
  ok: 0,
  internal: 1,
  usage: 2,
  unreachable: 3,
  blocked: 4,
  attestation: 5,
  receipt: 6,
  unknownMeasurement: 7,
  simulatedRefused: 8,
  interrupted: 130,
} as const;

export const ERROR_CODES = {
  ...TRANSPORT_ERRORS,
  ...ATTESTATION_ERRORS,
  ...NSM_ERRORS,
  ...RELEASE_ERRORS,
  ...IMAGE_ERRORS,
  ...DOCTOR_ERRORS,
  ...GUARDIAN_ERRORS,
  ...SANDBOX_ERRORS,
  ...EGRESS_ERRORS,
  ...CERTIFICATE_ERRORS,
  ...RECEIPT_ERRORS,
  ...CONFIG_ERRORS,
  ...SEALED_ERRORS,
  ...MCP_ERRORS,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;
export type { ErrorEntry, Stage } from './errors/entry.ts';

/** Any failure that this project names. The message never holds a secret or guest-chosen text. */
export class NmpError extends Error {
  readonly code: ErrorCode;
  readonly stage: Stage;

  constructor(code: ErrorCode, message?: string, options?: { cause?: unknown }) {
    super(message ?? ERROR_CODES[code].cause, options);
    this.name = 'NmpError';
    this.code = code;
    this.stage = ERROR_CODES[code].stage;
  }

  /** What the reader can do about it. */
  get remedy(): string {
    return ERROR_CODES[this.code].remedy;
  }

  /** The exit code of the command line for this failure. */
  get exit(): number {
    return ERROR_CODES[this.code].exit;
  }

  toJSON(): { code: ErrorCode; stage: Stage; message: string; remedy: string } {
    return { code: this.code, stage: this.stage, message: this.message, remedy: this.remedy };
  }
}

/** True if `value` is an `NmpError`, of the given code if one is named. */
export function isNmpError(value: unknown, code?: ErrorCode): value is NmpError {
  return value instanceof NmpError && (code === undefined || value.code === code);
}
