/**
 * Cryptography by node:crypto (OpenSSL 3.5). X-Wing is composed from ML-KEM-768 and X25519 as in
 * draft-connolly-cfrg-xwing-kem, section 5.3; measured 150 µs against 2–6 ms in pure TypeScript.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  createSecretKey,
  decapsulate,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  type KeyObject,
  verify,
} from 'node:crypto';
import { concat, utf8 } from '../bytes.ts';
import { NmpError } from '../errors.ts';
import {
  AES_GCM,
  type Aead,
  type CryptoSuite,
  ED25519,
  type Kem,
  MLKEM768,
  XWING,
} from './suite.ts';

/** Label of the combiner, the six bytes `\.//^\`. */
const XWING_LABEL = utf8('\\.//^\\');
/** DER prefixes of SubjectPublicKeyInfo for keys given raw (RFC 8410; RFC 9935). */
const SPKI_X25519 = Uint8Array.from(Buffer.from('302a300506032b656e032100', 'hex'));
const SPKI_ED25519 = Uint8Array.from(Buffer.from('302a300506032b6570032100', 'hex'));
const SPKI_MLKEM768 = Uint8Array.from(
  Buffer.from('308204b2300b0609608648016503040402038204a100', 'hex'),
);

function publicKeyFrom(prefix: Uint8Array, raw: Uint8Array): KeyObject {
  return createPublicKey({
    key: Buffer.from(concat(prefix, raw)),
    format: 'der',
    type: 'spki',
  });
}

function rawPublic(key: KeyObject, length: number): Uint8Array {
  return Uint8Array.from(key.export({ format: 'der', type: 'spki' }).subarray(-length));
}

/** SHA3-256(ss_M ‖ ss_X ‖ ct_X ‖ pk_X ‖ label), the combiner of X-Wing. */
function combine(
  mlkemSecret: Uint8Array,
  x25519Secret: Uint8Array,
  x25519Ciphertext: Uint8Array,
  x25519Public: Uint8Array,
): Uint8Array {
  return Uint8Array.from(
    createHash('sha3-256')
      .update(mlkemSecret)
      .update(x25519Secret)
      .update(x25519Ciphertext)
      .update(x25519Public)
      .update(XWING_LABEL)
      .digest(),
  );
}

/** The decapsulation of X-Wing with keys of node:crypto; shared with the tests' fixed keys. */
export function xwingDecapsulate(
  mlkem: KeyObject,
  x25519: KeyObject,
  x25519Public: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array {
  if (ciphertext.length !== XWING.ciphertext) throw new NmpError('HANDSHAKE_KEM');
  const x25519Ciphertext = ciphertext.subarray(MLKEM768.ciphertext);
  try {
    const mlkemSecret = decapsulate(mlkem, ciphertext.subarray(0, MLKEM768.ciphertext));
    const x25519Secret = diffieHellman({
      privateKey: x25519,
      publicKey: publicKeyFrom(SPKI_X25519, x25519Ciphertext),
    });
    const shared = combine(mlkemSecret, x25519Secret, x25519Ciphertext, x25519Public);
    mlkemSecret.fill(0);
    x25519Secret.fill(0);
    return shared;
  } catch (cause) {
    throw new NmpError('HANDSHAKE_KEM', undefined, { cause });
  }
}

const kem: Kem = {
  generate() {
    const mlkem = generateKeyPairSync('ml-kem-768');
    const x25519 = generateKeyPairSync('x25519');
    const x25519Public = rawPublic(x25519.publicKey, 32);
    let keys: { mlkem: KeyObject; x25519: KeyObject } | undefined = {
      mlkem: mlkem.privateKey,
      x25519: x25519.privateKey,
    };
    return {
      publicKey: concat(rawPublic(mlkem.publicKey, MLKEM768.publicKey), x25519Public),
      decapsulate(ciphertext) {
        if (keys === undefined) throw new NmpError('HANDSHAKE_KEM');
        return xwingDecapsulate(keys.mlkem, keys.x25519, x25519Public, ciphertext);
      },
      wipe() {
        // OpenSSL cleanses the key when the last reference to the KeyObject is collected.
        keys = undefined;
      },
    };
  },
  encapsulate(publicKey) {
    if (publicKey.length !== XWING.publicKey) throw new NmpError('HANDSHAKE_KEM');
    const x25519Public = publicKey.subarray(MLKEM768.publicKey);
    try {
      const mlkem = encapsulate(
        publicKeyFrom(SPKI_MLKEM768, publicKey.subarray(0, MLKEM768.publicKey)),
      );
      const ephemeral = generateKeyPairSync('x25519');
      const x25519Ciphertext = rawPublic(ephemeral.publicKey, 32);
      const x25519Secret = diffieHellman({
        privateKey: ephemeral.privateKey,
        publicKey: publicKeyFrom(SPKI_X25519, x25519Public),
      });
      return {
        ciphertext: concat(mlkem.ciphertext, x25519Ciphertext),
        sharedSecret: combine(mlkem.sharedKey, x25519Secret, x25519Ciphertext, x25519Public),
      };
    } catch (cause) {
      throw new NmpError('HANDSHAKE_KEM', undefined, { cause });
    }
  },
};

function hash(name: 'sha256' | 'sha384', parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash(name);
  for (const part of parts) state.update(part);
  return Uint8Array.from(state.digest());
}

/** Without the methods of Buffer, whose `slice` does not copy. */
function plainView(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A KeyObject is checked once; raw bytes would be at every record, at the price of the cipher. */
function createAead(key: Uint8Array): Aead {
  let held: KeyObject | undefined = createSecretKey(key);
  const secret = (): KeyObject => {
    if (held === undefined) throw new NmpError('SESSION_UNKNOWN');
    return held;
  };
  return {
    seal(nonce, aad, plaintext) {
      const cipher = createCipheriv('aes-256-gcm', secret(), nonce, { authTagLength: AES_GCM.tag });
      cipher.setAAD(aad);
      const ciphertext = cipher.update(plaintext);
      // GCM is a stream cipher: nothing is left for the end but the tag.
      cipher.final();
      return [ciphertext, cipher.getAuthTag()];
    },
    open(nonce, aad, ciphertext, tag) {
      // node:crypto would take shorter tags.
      if (tag.length !== AES_GCM.tag) throw new NmpError('RECORD_TAG');
      const options = { authTagLength: AES_GCM.tag };
      const decipher = createDecipheriv('aes-256-gcm', secret(), nonce, options);
      decipher.setAAD(aad);
      decipher.setAuthTag(tag);
      try {
        const plaintext: Uint8Array[] = [];
        for (const part of ciphertext) plaintext.push(plainView(decipher.update(part)));
        decipher.final();
        return plaintext;
      } catch (cause) {
        throw new NmpError('RECORD_TAG', undefined, { cause });
      }
    },
    wipe() {
      // OpenSSL cleanses the key when the KeyObject is collected.
      held = undefined;
    },
  };
}

export function createNodeSuite(): CryptoSuite {
  return {
    kem,
    sha256: (...parts) => hash('sha256', parts),
    sha384: (...parts) => hash('sha384', parts),
    hmacSha384(key, ...parts) {
      const state = createHmac('sha384', key);
      for (const part of parts) state.update(part);
      return Uint8Array.from(state.digest());
    },
    aead: createAead,
    verifyEd25519(publicKey, message, signature) {
      if (publicKey.length !== ED25519.publicKey || signature.length !== ED25519.signature) {
        return false;
      }
      try {
        return verify(null, message, publicKeyFrom(SPKI_ED25519, publicKey), signature);
      } catch {
        return false;
      }
    },
  };
}
