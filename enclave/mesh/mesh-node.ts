/**
 * The node's place in the mesh: libp2p over the enclave's sockets. Noise ends in here under an
 * Ed25519 identity made in here; data nodes serve the Kademlia table.
 */

import { identify } from '@libp2p/identify';
import type { Connection, PrivateKey, Stream } from '@libp2p/interface';
import { type KadDHT, kadDHT, passthroughMapper } from '@libp2p/kad-dht';
import { noise } from '@libp2p/noise';
import { ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p, type Libp2p } from 'libp2p';
import type { CID } from 'multiformats/cid';
import { PROTOCOL, STREAM_WINDOW_BYTES_MAX } from '../../shared/wire/constants.ts';
import type { EnclaveSocket } from './enclave-socket.ts';

export interface MeshNodeComponents {
  readonly socket: EnclaveSocket;
}

export interface MeshNodeInit {
  readonly privateKey: PrivateKey;
  /** Addresses that the parent claims to be reachable at; hints, never trusted. */
  readonly announce: readonly string[];
  readonly maxConnections: number;
}

export type StreamHandler = (stream: Stream, connection: Connection) => Promise<void>;

/** Streams of one protocol that a peer may have open at once; a session has as many calls in flight. */
const INBOUND_STREAMS_MAX = 64;

export interface MeshNode {
  readonly peerId: Libp2p['peerId'];
  handle(protocol: string, handler: StreamHandler): Promise<void>;
  /** Announces that this node serves the capability behind `key`. */
  provide(key: CID, signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

export async function createMeshNode(
  { socket }: MeshNodeComponents,
  init: MeshNodeInit,
): Promise<MeshNode> {
  const node = await createLibp2p({
    privateKey: init.privateKey,
    addresses: {
      listen: [`/unix/${encodeURIComponent(socket.meshPath)}`],
      announce: [...init.announce],
    },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES_MAX } })],
    connectionManager: { maxConnections: init.maxConnections, inboundUpgradeTimeout: 10_000 },
    // The enclave dials nobody by itself; an address in a peer record must not make it.
    connectionGater: { denyDialMultiaddr: () => true, denyDialPeer: () => true },
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({
        protocol: PROTOCOL.kad,
        clientMode: false,
        peerInfoMapper: passthroughMapper,
        initialQuerySelfInterval: 100,
      }),
    },
  });
  const dht: KadDHT = node.services.dht;
  // Answers about providers take their addresses from here, our own too.
  await node.peerStore.merge(node.peerId, { multiaddrs: init.announce.map((a) => multiaddr(a)) });
  return {
    peerId: node.peerId,
    handle: (protocol, handler) =>
      node.handle(
        protocol,
        (stream, connection) => {
          handler(stream, connection).catch((error: Error) => stream.abort(error));
        },
        { maxInboundStreams: INBOUND_STREAMS_MAX },
      ),
    async provide(key, signal) {
      for await (const event of dht.provide(key, { signal })) void event;
    },
    stop: async () => node.stop(),
  };
}
