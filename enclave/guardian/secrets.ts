/** Secrets left in a module's data: whoever gets the module would get them too. */
import { createRequire } from 'node:module';
import { NmpError } from '../../shared/errors.ts';

/** The seam to the egress filter's detectors. */
export interface SecretDetector {
  /** True if the bytes hold a credential; linear in their length, never throws. */
  holdsSecret(bytes: Uint8Array): boolean;
}

function isDetector(value: unknown): value is SecretDetector {
  return (
    typeof value === 'object' &&
    value !== null &&
    'holdsSecret' in value &&
    typeof value.holdsSecret === 'function'
  );
}

let loaded: SecretDetector | undefined;

/**
 * The egress filter's rules for secrets (native/scan), on the bytes as they lie: a full scan, which
 * decodes, takes longer than the rest of a verdict.
 * @throws NmpError GUARDIAN_UNAVAILABLE if the addon is not built
 */
export function loadSecretDetector(): SecretDetector {
  if (loaded !== undefined) return loaded;
  let addon: unknown;
  try {
    addon = createRequire(import.meta.url)('#native/scan');
  } catch (cause) {
    throw new NmpError('GUARDIAN_UNAVAILABLE', undefined, { cause });
  }
  if (!isDetector(addon)) throw new NmpError('GUARDIAN_UNAVAILABLE');
  loaded = addon;
  return loaded;
}
