/**
 * Salted commitments: SHA-256(label ‖ salt ‖ bytes). The salt, 32 bytes chosen in the enclave,
 * keeps a small input or a blocked output from being guessed; the client gets it sealed.
 */
import { concat, utf8 } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';

export const COMMITMENT_SALT_BYTES = 32;
export const INPUT_LABEL = 'nmp-input/v1';
export const OUTPUT_LABEL = 'nmp-output/v1';

/** @param salt 32 bytes */
export function commitTo(
  suite: CryptoSuite,
  label: typeof INPUT_LABEL | typeof OUTPUT_LABEL,
  salt: Uint8Array,
  bytes: Uint8Array,
): Uint8Array {
  if (salt.length !== COMMITMENT_SALT_BYTES) throw new RangeError('salt must have 32 bytes');
  return suite.sha256(concat(utf8(label), salt), bytes);
}
