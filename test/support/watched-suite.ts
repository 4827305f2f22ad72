/** A suite that keeps what it gave out, so that a test can see whether it was wiped afterwards. */
import type { Aead, CryptoSuite, Kem, KemKeyPair } from '../../shared/crypto/suite.ts';

export interface WatchedSuite extends CryptoSuite {
  /** Shared secrets, by reference. */
  readonly secrets: readonly Uint8Array[];
  readonly keysMade: number;
  readonly keysWiped: number;
  /** Ciphertexts that a key pair was asked to open. */
  readonly opened: number;
  watchedPair(pair: KemKeyPair): KemKeyPair;
}

export function watchSuite(suite: CryptoSuite): WatchedSuite {
  const secrets: Uint8Array[] = [];
  const counts = { made: 0, wiped: 0, opened: 0 };
  const kept = (secret: Uint8Array) => {
    secrets.push(secret);
    return secret;
  };
  const watchedPair = (pair: KemKeyPair): KemKeyPair => ({
    publicKey: pair.publicKey,
    decapsulate: (ciphertext) => {
      counts.opened++;
      return kept(pair.decapsulate(ciphertext));
    },
    wipe: () => pair.wipe(),
  });
  const kem: Kem = {
    generate: () => watchedPair(suite.kem.generate()),
    encapsulate(publicKey) {
      const made = suite.kem.encapsulate(publicKey);
      kept(made.sharedSecret);
      return made;
    },
  };
  return {
    kem,
    sha256: (...parts) => suite.sha256(...parts),
    sha384: (...parts) => suite.sha384(...parts),
    hmacSha384: (key, ...parts) => suite.hmacSha384(key, ...parts),
    verifyEd25519: (...args) => suite.verifyEd25519(...args),
    aead(key): Aead {
      const aead = suite.aead(key);
      counts.made++;
      return {
        seal: (...args) => aead.seal(...args),
        open: (...args) => aead.open(...args),
        wipe() {
          counts.wiped++;
          aead.wipe();
        },
      };
    },
    watchedPair,
    secrets,
    get keysMade() {
      return counts.made;
    },
    get keysWiped() {
      return counts.wiped;
    },
    get opened() {
      return counts.opened;
    },
  };
}
