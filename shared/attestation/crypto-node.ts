/** ECDSA on P-384 by node:crypto; measured about seven times faster than Web Crypto's ASN.1 ways. */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { NmpError } from '../errors.ts';
import type { VerifierCrypto } from './crypto.ts';

export function createNodeVerifierCrypto(): VerifierCrypto {
  return {
    importKey(spki) {
      let key: KeyObject;
      try {
        key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
      } catch (cause) {
        throw new NmpError('ATTESTATION_CERTIFICATE_KEY', undefined, { cause });
      }
      return {
        // On the thread pool, so that the signatures of one chain are checked side by side.
        verify: (message, signature) =>
          new Promise((resolve) => {
            // What cannot be checked does not hold.
            verify('sha384', message, { key, dsaEncoding: 'ieee-p1363' }, signature, (error, ok) =>
              resolve(error === null && ok),
            );
          }),
      };
    },
    sha256: (bytes) => Uint8Array.from(createHash('sha256').update(bytes).digest()),
  };
}
