/** Pure TypeScript cryptography for browsers, and the oracle of `suite-node.ts`. */
import { gcm } from '@noble/ciphers/aes.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha384 } from '@noble/hashes/sha2.js';
import { ml_kem768_x25519 } from '@noble/post-quantum/hybrid.js';
import { concat } from '../bytes.ts';
import { NmpError } from '../errors.ts';
import type { Random } from '../runtime.ts';
import { type Aead, type CryptoSuite, type Kem, XWING } from './suite.ts';

function createKem(random: Random): Kem {
  return {
    generate() {
      const { publicKey, secretKey } = ml_kem768_x25519.keygen(random.bytes(XWING.seed));
      let wiped = false;
      return {
        publicKey,
        decapsulate(ciphertext) {
          if (wiped || ciphertext.length !== XWING.ciphertext) throw new NmpError('HANDSHAKE_KEM');
          try {
            return ml_kem768_x25519.decapsulate(ciphertext, secretKey);
          } catch (cause) {
            throw new NmpError('HANDSHAKE_KEM', undefined, { cause });
          }
        },
        wipe() {
          wiped = true;
          secretKey.fill(0);
        },
      };
    },
    encapsulate(publicKey) {
      if (publicKey.length !== XWING.publicKey) throw new NmpError('HANDSHAKE_KEM');
      try {
        const { cipherText, sharedSecret } = ml_kem768_x25519.encapsulate(
          publicKey,
          random.bytes(64),
        );
        return { ciphertext: cipherText, sharedSecret };
      } catch (cause) {
        throw new NmpError('HANDSHAKE_KEM', undefined, { cause });
      }
    },
  };
}

function createAead(key: Uint8Array): Aead {
  const own = Uint8Array.from(key);
  return {
    seal: (nonce, aad, plaintext) => [gcm(own, nonce, aad).encrypt(plaintext)],
    open(nonce, aad, ciphertext, tag) {
      try {
        return [gcm(own, nonce, aad).decrypt(concat(...ciphertext, tag))];
      } catch (cause) {
        throw new NmpError('RECORD_TAG', undefined, { cause });
      }
    },
    wipe: () => void own.fill(0),
  };
}

export function createNobleSuite(random: Random): CryptoSuite {
  return {
    kem: createKem(random),
    sha256: (...parts) => sha256(concat(...parts)),
    sha384: (...parts) => sha384(concat(...parts)),
    hmacSha384: (key, ...parts) => hmac(sha384, key, concat(...parts)),
    aead: createAead,
    verifyEd25519(publicKey, message, signature) {
      try {
        return ed25519.verify(signature, message, publicKey, { zip215: false });
      } catch {
        return false;
      }
    },
  };
}
