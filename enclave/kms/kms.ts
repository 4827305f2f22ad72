/**
 * The seam to a key service that gives keys to attested recipients only. `aws-kms.ts` speaks to
 * AWS KMS; it is the one place that knows the vendor's SDK.
 */

export interface DecryptRequest {
  /** ARN of the key that must have encrypted `ciphertext`. */
  readonly keyId: string;
  /** CiphertextBlob, 1–6144 bytes. */
  readonly ciphertext: Uint8Array;
  /** What the ciphertext was bound to when it was made. */
  readonly context: Readonly<Record<string, string>>;
}

export interface Kms {
  /**
   * Decrypts for this enclave alone: the answer is encrypted to a key that only the attestation
   * document of this request names. The caller wipes the result.
   *
   * @throws NmpError KMS_*, CMS_*, NSM_*
   */
  decrypt(request: DecryptRequest): Promise<Uint8Array>;
  close(): void;
}
