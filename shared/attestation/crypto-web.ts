/** ECDSA on P-384 by Web Crypto, for browsers. */
import { sha256 } from '@noble/hashes/sha2.js';
import { NmpError } from '../errors.ts';
import type { VerifierCrypto } from './crypto.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-384' } as const;

export function createWebVerifierCrypto(subtle: SubtleCrypto): VerifierCrypto {
  return {
    async importKey(spki) {
      let key: CryptoKey;
      try {
        key = await subtle.importKey('spki', Uint8Array.from(spki), ALGORITHM, false, ['verify']);
      } catch (cause) {
        throw new NmpError('ATTESTATION_CERTIFICATE_KEY', undefined, { cause });
      }
      return {
        verify: (message, signature) =>
          subtle.verify(
            { name: 'ECDSA', hash: 'SHA-384' },
            key,
            Uint8Array.from(signature),
            Uint8Array.from(message),
          ),
      };
    },
    sha256: (bytes) => sha256(bytes),
  };
}
