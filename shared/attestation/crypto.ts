/** The seam to ECDSA on P-384: node:crypto where there is one, Web Crypto in browsers. */

export interface VerifierKey {
  /** @param signature r ‖ s, 96 bytes; ECDSA with SHA-384 */
  verify(message: Uint8Array, signature: Uint8Array): Promise<boolean> | boolean;
}

export interface VerifierCrypto {
  /**
   * @param spki SubjectPublicKeyInfo of a P-384 key, DER
   * @throws NmpError ATTESTATION_CERTIFICATE_KEY if the point is not on the curve
   */
  importKey(spki: Uint8Array): Promise<VerifierKey> | VerifierKey;
  sha256(bytes: Uint8Array): Uint8Array;
}
