/** Signs an attestation result: a JWT of RFC 9711, compact form. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { EarClaims } from '../../shared/attestation/ear.ts';
import { NmpError } from '../../shared/errors.ts';

function algorithmOf(key: KeyObject): string {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA';
  if (key.asymmetricKeyType === 'ec' && curve === 'prime256v1') return 'ES256';
  if (key.asymmetricKeyType === 'ec' && curve === 'secp384r1') return 'ES384';
  throw new NmpError('USAGE', 'the signing key is neither Ed25519, P-256 nor P-384');
}

/**
 * @param pem private key of the verifier, PKCS #8: Ed25519, P-256 or P-384
 * @throws NmpError USAGE if the key cannot be used
 */
export async function signEar(claims: EarClaims, pem: string): Promise<string> {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // Without the cause: it may quote the key.
    throw new NmpError('USAGE', 'the signing key is not a private key in PEM');
  }
  const header = { alg: algorithmOf(key), typ: 'eat+jwt' };
  return new SignJWT({ ...claims }).setProtectedHeader(header).sign(key);
}
