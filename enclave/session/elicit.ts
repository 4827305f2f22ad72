/**
 * The node's side of the elicitation handshake (docs/protocol.md): answers M1 with a fresh X-Wing
 * key and an attestation document made for this exchange, then takes M3.
 */

import { deriveSessionSecrets } from '../../shared/crypto/key-schedule.ts';
import type { CryptoSuite, KemKeyPair } from '../../shared/crypto/suite.ts';
import { NmpError } from '../../shared/errors.ts';
import {
  decodeIntentRequest,
  decodeLogicRequest,
  IntentResponse,
  type LogicRequest,
} from '../../shared/wire/codec.ts';
import { CLIENT_NONCE_BYTES, SUITE_XWING_SHA384_AES256GCM } from '../../shared/wire/constants.ts';
import type { FrameChannel } from '../../shared/wire/frames.ts';
import { publicKeyFromMultihash } from '../../shared/wire/peer-key.ts';
import {
  ciphertextHash,
  clientSignatureMessage,
  transcriptHash,
} from '../../shared/wire/transcript.ts';
import type { Nsm } from '../attest/nsm.ts';
import type { Session, SessionStore } from './session-store.ts';

export interface ElicitComponents {
  readonly suite: CryptoSuite;
  readonly nsm: Nsm;
  readonly sessions: SessionStore;
}

export interface ElicitInit {
  /** Canonical CBOR of the node statement. */
  readonly statement: Uint8Array;
  readonly nodePeerId: Uint8Array;
}

export interface RemotePeer {
  /** Peer ID as text. */
  readonly id: string;
  /** Peer ID as multihash bytes. */
  readonly multihash: Uint8Array;
}

/** A session whose client is not yet proven: the signature travels sealed in the first request. */
export interface PendingSession {
  readonly session: Session;
  /** @throws NmpError HANDSHAKE_SIGNATURE unless the first request is signed by the peer's key */
  confirm(request: LogicRequest): void;
}

/** Long enough for any DID of a Peer ID and any capability hash. */
const NAME_LENGTH_MAX = 256;

function refuse(frames: FrameChannel, error: NmpError): Promise<void> {
  return frames.write(IntentResponse.encode({ accepted: false, errorMessage: error.code }));
}

/**
 * Runs M1 to M3 on `frames`; the sealed first request follows on the same stream.
 * @throws NmpError SESSION_LIMIT, HANDSHAKE_SUITE, HANDSHAKE_KEM, FRAME_*
 */
export async function acceptElicitation(
  components: ElicitComponents,
  init: ElicitInit,
  peer: RemotePeer,
  frames: FrameChannel,
  signal?: AbortSignal,
): Promise<PendingSession> {
  const { suite, nsm, sessions } = components;
  const intentRequest = await frames.read(signal);
  let pair: KemKeyPair | undefined;
  let release: (() => void) | undefined;
  try {
    const intent = decodeIntentRequest(intentRequest);
    release = sessions.admitHandshake(peer.id);
    if (!intent.suites.includes(SUITE_XWING_SHA384_AES256GCM)) {
      throw new NmpError('HANDSHAKE_SUITE');
    }
    if (
      intent.clientNonce.length !== CLIENT_NONCE_BYTES ||
      intent.proofOfIntent.length !== 0 ||
      intent.agentDid.length > NAME_LENGTH_MAX ||
      intent.capabilityHash.length > NAME_LENGTH_MAX
    ) {
      throw new NmpError('FRAME_MALFORMED');
    }
    pair = suite.kem.generate();
    const token = sessions.newToken();
    const intentResponse: IntentResponse = IntentResponse.decode(
      IntentResponse.encode({
        accepted: true,
        sessionToken: token,
        kyberPublicKey: Uint8Array.from(pair.publicKey),
        suite: SUITE_XWING_SHA384_AES256GCM,
        nodeStatement: Uint8Array.from(init.statement),
        sessionTtlSeconds: Math.floor(sessions.ttlMs / 1000),
      }),
    );
    const transcript = transcriptHash(suite, {
      intentRequest,
      intentResponse,
      clientPeerId: peer.multihash,
      nodePeerId: init.nodePeerId,
    });
    const document = await nsm.attest({ nonce: intent.clientNonce, userData: transcript });
    await frames.write(
      IntentResponse.encode({ ...intentResponse, attestationDocument: Uint8Array.from(document) }),
      signal,
    );
    return await finish(components, peer, { frames, pair, token, transcript }, signal);
  } catch (error) {
    if (error instanceof NmpError && pair === undefined) {
      await refuse(frames, error).catch(() => undefined);
    }
    throw error;
  } finally {
    pair?.wipe();
    release?.();
  }
}

interface Offer {
  readonly frames: FrameChannel;
  readonly pair: KemKeyPair;
  readonly token: string;
  readonly transcript: Uint8Array;
}

/** Longest opener of M3: token and ciphertext. */
const OPENER_BYTES_MAX = 2048;

async function finish(
  { suite, sessions }: ElicitComponents,
  peer: RemotePeer,
  { frames, pair, token, transcript }: Offer,
  signal?: AbortSignal,
): Promise<PendingSession> {
  const opener = decodeLogicRequest(await frames.read(signal), OPENER_BYTES_MAX);
  if (opener.sessionToken !== token || opener.stream !== 0n) throw new NmpError('SESSION_UNKNOWN');
  const sharedSecret = pair.decapsulate(opener.pqcCiphertext);
  const full = ciphertextHash(suite, transcript, opener.pqcCiphertext);
  const secrets = deriveSessionSecrets(suite, sharedSecret, full);
  sharedSecret.fill(0);
  const session = sessions.add({ token, peer: peer.id, secrets, transcript });
  return {
    session,
    confirm(request) {
      const key = publicKeyFromMultihash(peer.multihash);
      const message = clientSignatureMessage(full);
      if (key === undefined || !suite.verifyEd25519(key, message, request.clientSignature)) {
        sessions.drop(token);
        throw new NmpError('HANDSHAKE_SIGNATURE');
      }
    },
  };
}
