/**
 * A lying parent, second kind: a node of its own in the place of the enclave, which shows the
 * enclave's attestation document as if it were its own. `replay` shows one made for an earlier
 * exchange; `swap` has one made for the victim's very nonce and puts its own key beside it.
 */
import { generateKeyPair } from '@libp2p/crypto/keys';
import { identify } from '@libp2p/identify';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import type { CapabilityDescription } from '../../../shared/policy/capability.ts';
import { systemClock, systemRandom } from '../../../shared/runtime.ts';
import {
  decodeIntentRequest,
  decodeIntentResponse,
  IntentRequest,
  IntentResponse,
} from '../../../shared/wire/codec.ts';
import { CLIENT_NONCE_BYTES, PROTOCOL } from '../../../shared/wire/constants.ts';
import { libp2pFrames } from '../../../shared/wire/frames.ts';
import { signNodeRecord } from '../../../shared/wire/node-record.ts';
import type { ClientNode } from '../../mesh/client-node.ts';
import type { LyingParent } from './flipping-proxy.ts';

export interface ImpostorInit {
  readonly attack: 'replay' | 'swap';
  /** A connection to the enclave that the impostor uses like any client. */
  readonly mesh: ClientNode;
  readonly enclavePeer: string;
  /** What the enclave offers; the impostor claims the same. */
  readonly capabilities: readonly CapabilityDescription[];
}

const TIMEOUT_MS = 10_000;

/** M2 of the genuine enclave for a nonce of the impostor's choice. */
async function elicitFrom(init: ImpostorInit, nonce: Uint8Array): Promise<IntentResponse> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const frames = await init.mesh.open(init.enclavePeer, PROTOCOL.elicit, signal);
  await frames.write(
    IntentRequest.encode({
      agentDid: `did:nmp:${init.mesh.identity.peerId}`,
      suites: [1],
      clientNonce: Uint8Array.from(nonce),
    }),
    signal,
  );
  const response = decodeIntentResponse(await frames.read(signal));
  frames.abort(new Error('the impostor has what it wants'));
  return response;
}

export async function startImpostor(init: ImpostorInit): Promise<LyingParent> {
  const suite = createNodeSuite();
  const privateKey = await generateKeyPair('Ed25519');
  const node = await createLibp2p({
    privateKey,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
  });
  const old = await elicitFrom(init, systemRandom.bytes(CLIENT_NONCE_BYTES));

  await node.handle(PROTOCOL.elicit, async (stream) => {
    const frames = libp2pFrames(stream);
    const { clientNonce } = decodeIntentRequest(await frames.read());
    const shown = init.attack === 'replay' ? old : await elicitFrom(init, clientNonce);
    // Its own key, so that it could read everything that follows.
    const kyberPublicKey = Uint8Array.from(suite.kem.generate().publicKey);
    await frames.write(IntentResponse.encode({ ...shown, kyberPublicKey }));
  });
  await node.handle(PROTOCOL.describe, async (stream) => {
    const frames = libp2pFrames(stream);
    const now = systemClock.nowMs();
    const record = await signNodeRecord(
      {
        peerId: node.peerId.toString(),
        issuedAtMs: BigInt(now),
        expiresAtMs: BigInt(now + 60_000),
        addresses: [],
        capabilities: init.capabilities,
      },
      async (message) => privateKey.sign(message),
    );
    const bytes = new Uint8Array(4 + record.length);
    new DataView(bytes.buffer).setUint32(0, record.length);
    bytes.set(record, 4);
    for (let at = 0; at < bytes.length; at += 60_000) {
      await frames.write(bytes.subarray(at, at + 60_000));
    }
    await frames.close();
  });
  const [address] = node.getMultiaddrs();
  if (address === undefined) throw new Error('the impostor has no address');
  return {
    address: address.decapsulateCode(0x01a5).toString(),
    stop: async () => node.stop(),
  };
}
