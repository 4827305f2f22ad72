/**
 * The seam to cryptography. `suite-node.ts` uses node:crypto (OpenSSL) and runs in the enclave and
 * in Node clients; `suite-noble.ts` is pure TypeScript, serves browsers and is the differential
 * oracle of the other in tests.
 */

/** Sizes of X-Wing, draft-connolly-cfrg-xwing-kem (KEM id 0x647a), in bytes. */
export const XWING = { publicKey: 1216, ciphertext: 1120, sharedSecret: 32, seed: 32 } as const;
/** Sizes of ML-KEM-768, FIPS 203, table 3, in bytes. */
export const MLKEM768 = { publicKey: 1184, ciphertext: 1088, sharedSecret: 32, seed: 64 } as const;

/** AES-256-GCM, NIST SP 800-38D, with 96-bit nonces and 128-bit tags. */
export const AES_GCM = { key: 32, nonce: 12, tag: 16 } as const;
export const ED25519 = { publicKey: 32, signature: 64 } as const;

/** A key pair that can be used once and wiped. */
export interface KemKeyPair {
  /** 1216 bytes: ML-KEM-768 encapsulation key ‖ X25519 public key. */
  readonly publicKey: Uint8Array;
  /**
   * The 32-byte shared secret of `ciphertext` (1120 bytes).
   * @throws NmpError HANDSHAKE_KEM for a wrong length, a low-order point or a wiped key
   */
  decapsulate(ciphertext: Uint8Array): Uint8Array;
  /** Forgets the private key. */
  wipe(): void;
}

export interface Kem {
  generate(): KemKeyPair;
  /** @throws NmpError HANDSHAKE_KEM for a public key of wrong length or out of range */
  encapsulate(publicKey: Uint8Array): { ciphertext: Uint8Array; sharedSecret: Uint8Array };
}

/** AES-256-GCM with the key inside; nonces of 12 bytes, each used once. */
export interface Aead {
  /** Ciphertext ‖ 16-byte tag, in one part or several, so that nothing is copied to join them. */
  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): readonly Uint8Array[];
  /**
   * @param ciphertext in any number of parts; the plaintext comes in as many or fewer
   * @throws NmpError RECORD_TAG if the tag does not hold
   */
  open(
    nonce: Uint8Array,
    aad: Uint8Array,
    ciphertext: Iterable<Uint8Array>,
    tag: Uint8Array,
  ): readonly Uint8Array[];
  /** Forgets the key. */
  wipe(): void;
}

export interface CryptoSuite {
  readonly kem: Kem;
  sha256(...parts: readonly Uint8Array[]): Uint8Array;
  sha384(...parts: readonly Uint8Array[]): Uint8Array;
  hmacSha384(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
  /** AES-256-GCM under one 32-byte key, made ready once for many records. */
  aead(key: Uint8Array): Aead;
  /** RFC 8032 with strict checks; false for any malformed input. */
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}
