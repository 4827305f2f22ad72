/** COSE_Sign1 (RFC 9052, section 4.2) with EdDSA over Ed25519, in its one canonical form. */
import { equalBytes } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';

/** COSE algorithm EdDSA, RFC 9053, section 2.2. */
const ALG_EDDSA = -8;
const PROTECTED = encodeCbor(new Map([[1, ALG_EDDSA]]));

/** The bytes to sign: Sig_structure, RFC 9052, section 4.4; `context` is the external_aad. */
export function signatureInput(context: Uint8Array, payload: Uint8Array): Uint8Array {
  return encodeCbor(['Signature1', PROTECTED, context, payload]);
}

/** @param signature Ed25519 over `signatureInput(context, payload)`, 64 bytes */
export function encodeCoseSign1(payload: Uint8Array, signature: Uint8Array): Uint8Array {
  return encodeCbor([PROTECTED, new Map(), payload, signature]);
}

/** Outcome of opening: the payload, or which of the two checks failed. */
export type OpenedCose =
  | { readonly ok: true; readonly payload: Uint8Array }
  | { readonly ok: false; readonly failed: 'form' | 'signature' };

export function openCoseSign1(
  suite: CryptoSuite,
  bytes: Uint8Array,
  context: Uint8Array,
  publicKey: Uint8Array,
  maxBytes: number,
): OpenedCose {
  let parts: unknown;
  try {
    parts = decodeCbor(bytes, maxBytes);
  } catch {
    return { ok: false, failed: 'form' };
  }
  if (!Array.isArray(parts) || parts.length !== 4) return { ok: false, failed: 'form' };
  const [header, unprotected, payload, signature]: unknown[] = parts;
  if (
    !(header instanceof Uint8Array) ||
    !(payload instanceof Uint8Array) ||
    !(signature instanceof Uint8Array) ||
    !(unprotected instanceof Map) ||
    unprotected.size !== 0 ||
    !equalBytes(header, PROTECTED)
  ) {
    return { ok: false, failed: 'form' };
  }
  if (!suite.verifyEd25519(publicKey, signatureInput(context, payload), signature)) {
    return { ok: false, failed: 'signature' };
  }
  return { ok: true, payload };
}
