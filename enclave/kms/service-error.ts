/** Tells a refusal of the key service from a service that is not there. */
import { NmpError } from '../../shared/errors.ts';

/** Names of KMS errors that another attempt does not mend (KMS API reference, Errors). */
const DENIED = new Set([
  'AccessDeniedException',
  'DisabledException',
  'IncorrectKeyException',
  'InvalidCiphertextException',
  'InvalidKeyUsageException',
  'KMSInvalidStateException',
  'NotFoundException',
  'ValidationException',
]);

export function kmsFailure(cause: unknown): NmpError {
  if (cause instanceof NmpError) return cause;
  const name = cause instanceof Error ? cause.name : '';
  return new NmpError(DENIED.has(name) ? 'KMS_DENIED' : 'KMS_UNREACHABLE', undefined, { cause });
}
