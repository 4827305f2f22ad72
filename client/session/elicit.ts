/**
 * The client's side of the elicitation handshake (docs/protocol.md): sends a nonce, has the
 * evidence judged, encapsulates, and seals the first request in the same flight.
 */
import { decodeNodeStatement, type NodeStatement } from '../../shared/attestation/statement.ts';
import { deriveSessionSecrets, type SessionSecrets } from '../../shared/crypto/key-schedule.ts';
import type { CryptoSuite } from '../../shared/crypto/suite.ts';
import { NmpError } from '../../shared/errors.ts';
import type { Random } from '../../shared/runtime.ts';
import { decodeIntentResponse, IntentRequest, LogicRequest } from '../../shared/wire/codec.ts';
import {
  CLIENT_NONCE_BYTES,
  DOCUMENT_BYTES_MAX,
  SUITE_XWING_SHA384_AES256GCM,
} from '../../shared/wire/constants.ts';
import type { FrameChannel } from '../../shared/wire/frames.ts';
import { refusedError } from '../../shared/wire/records.ts';
import {
  ciphertextHash,
  clientSignatureMessage,
  transcriptHash,
} from '../../shared/wire/transcript.ts';

/** Who the client is: its Peer ID and the Ed25519 key behind it. */
export interface ClientIdentity {
  readonly peerId: string;
  readonly multihash: Uint8Array;
  sign(message: Uint8Array): Promise<Uint8Array>;
}

export interface NodePeer {
  readonly id: string;
  readonly multihash: Uint8Array;
}

/** What the node presented and what it must be bound to. */
export interface Evidence {
  readonly document: Uint8Array;
  readonly statement: NodeStatement;
  readonly statementBytes: Uint8Array;
  /** Nonce and user data that a document for this exchange must carry. */
  readonly expected: { readonly nonce: Uint8Array; readonly userData: Uint8Array };
}

export interface ElicitedSession {
  readonly token: string;
  readonly secrets: SessionSecrets;
  readonly transcript: Uint8Array;
  readonly ttlMs: number;
  /** The opener of stream 0; the sealed request follows it at once. */
  readonly opener: Uint8Array;
  /** Goes into the first sealed request. */
  readonly clientSignature: Uint8Array;
}

/**
 * Runs M1 and M2 and prepares M3.
 * @param judge throws unless the evidence satisfies the client's policy
 * @throws NmpError HANDSHAKE_*, FRAME_*, and what `judge` throws
 */
export async function elicit(
  components: { readonly suite: CryptoSuite; readonly random: Random },
  init: {
    readonly identity: ClientIdentity;
    readonly node: NodePeer;
    readonly capability: string;
    readonly judge: (evidence: Evidence) => Promise<void>;
  },
  frames: FrameChannel,
  signal?: AbortSignal,
): Promise<ElicitedSession> {
  const { suite, random } = components;
  const nonce = random.bytes(CLIENT_NONCE_BYTES);
  const intentRequest = IntentRequest.encode({
    agentDid: `did:nmp:${init.identity.peerId}`,
    capabilityHash: init.capability,
    suites: [SUITE_XWING_SHA384_AES256GCM],
    clientNonce: Uint8Array.from(nonce),
  });
  await frames.write(intentRequest, signal);
  const intentResponse = decodeIntentResponse(await frames.read(signal));
  if (!intentResponse.accepted) throw refusedError(intentResponse.errorMessage);
  if (intentResponse.suite !== SUITE_XWING_SHA384_AES256GCM) throw new NmpError('HANDSHAKE_SUITE');
  if (intentResponse.attestationDocument.length > DOCUMENT_BYTES_MAX) {
    throw new NmpError('FRAME_SIZE');
  }
  const transcript = transcriptHash(suite, {
    intentRequest,
    intentResponse,
    clientPeerId: init.identity.multihash,
    nodePeerId: init.node.multihash,
  });
  await init.judge({
    document: intentResponse.attestationDocument,
    statement: decodeNodeStatement(intentResponse.nodeStatement),
    statementBytes: intentResponse.nodeStatement,
    expected: { nonce, userData: transcript },
  });
  const { ciphertext, sharedSecret } = suite.kem.encapsulate(intentResponse.kyberPublicKey);
  const full = ciphertextHash(suite, transcript, ciphertext);
  const secrets = deriveSessionSecrets(suite, sharedSecret, full);
  sharedSecret.fill(0);
  return {
    token: intentResponse.sessionToken,
    secrets,
    transcript,
    ttlMs: intentResponse.sessionTtlSeconds * 1000,
    opener: LogicRequest.encode({
      sessionToken: intentResponse.sessionToken,
      pqcCiphertext: Uint8Array.from(ciphertext),
    }),
    clientSignature: await init.identity.sign(clientSignatureMessage(full)),
  };
}
