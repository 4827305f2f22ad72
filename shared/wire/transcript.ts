/**
 * What the attestation document and the client's signature bind: the whole of the handshake so far,
 * every part with its length in front, under a label (docs/protocol.md, Transcript).
 */
import { concat, lengthPrefixed, utf8 } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { IntentResponse } from './codec.ts';
import { LABEL } from './constants.ts';

export interface TranscriptParts {
  /** M1 as received or sent. */
  readonly intentRequest: Uint8Array;
  /** M2; the attestation document in it is left out of the transcript. */
  readonly intentResponse: IntentResponse;
  /** Peer IDs as multihash bytes, taken from the Noise handshake, never from a message. */
  readonly clientPeerId: Uint8Array;
  readonly nodePeerId: Uint8Array;
}

/** SHA-384, 48 bytes: `user_data` of the attestation document. */
export function transcriptHash(suite: CryptoSuite, parts: TranscriptParts): Uint8Array {
  const withoutDocument = IntentResponse.encode({
    ...parts.intentResponse,
    attestationDocument: new Uint8Array(0),
  });
  return suite.sha384(
    lengthPrefixed(utf8(LABEL.transcript)),
    lengthPrefixed(parts.intentRequest),
    lengthPrefixed(withoutDocument),
    lengthPrefixed(parts.clientPeerId),
    lengthPrefixed(parts.nodePeerId),
  );
}

/** SHA-384 over the transcript hash and the ciphertext: enters the key schedule. */
export function ciphertextHash(
  suite: CryptoSuite,
  transcript: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array {
  return suite.sha384(
    lengthPrefixed(utf8(LABEL.ciphertext)),
    lengthPrefixed(transcript),
    lengthPrefixed(ciphertext),
  );
}

/** The message that the client signs with the Ed25519 key of its Peer ID. */
export function clientSignatureMessage(fullHash: Uint8Array): Uint8Array {
  return concat(lengthPrefixed(utf8(LABEL.clientSignature)), lengthPrefixed(fullHash));
}
