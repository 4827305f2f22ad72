/** A self-signed signing identity for enclave images. */
import 'reflect-metadata';
import { createPrivateKey, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export interface SigningIdentity {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export async function signingIdentity(
  curve: 'P-384' | 'P-256',
  notBeforeMs: number,
  notAfterMs: number,
): Promise<SigningIdentity> {
  const algorithm = { name: 'ECDSA', namedCurve: curve, hash: 'SHA-384' } as const;
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  x509.cryptoProvider.set(webcrypto as unknown as Crypto);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=image signer',
    keys: keys as unknown as CryptoKeyPair,
    notBefore: new Date(notBeforeMs),
    notAfter: new Date(notAfterMs),
    signingAlgorithm: algorithm,
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  return {
    certificatePem: `${certificate.toString('pem')}\n`,
    keyPem: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
