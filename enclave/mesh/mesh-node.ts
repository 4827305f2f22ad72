/**
 * The node's place in the mesh: libp2p over the enclave's sockets. Noise ends in here under an
 * Ed25519 identity made in here; data nodes serve the Kademlia table.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { identify } from '@libp2p/identify';
import type { Connection, PrivateKey, Stream } from '@libp2p/interface';
import { type KadDHT, kadDHT, passthroughMapper } from '@libp2p/kad-dht';
import { noise } from '@libp2p/noise';
import { ping } from '@libp2p/ping';
import { yamux } from '@libp2p/yamux';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { createLibp2p, type Libp2p } from 'libp2p';
import type { CID } from 'multiformats/cid';
import { noiseCrypto } from '../../shared/crypto/noise-node.ts';
import type { IpRange } from '../../shared/policy/ip-range.ts';
import type { Clock, Random } from '../../shared/runtime.ts';
import {
  CONNECTION_MONITOR,
  PROTOCOL,
  STREAM_WINDOW_BYTES_MAX,
} from '../../shared/wire/constants.ts';
import type { ListedPeer } from '../../shared/wire/peer-list.ts';
import { createDatagramDoor, type DatagramDoor } from './datagram-door.ts';
import type { EnclaveSocket } from './enclave-socket.ts';
import { type PeerExchangeTiming, startPeerExchange } from './peer-exchange.ts';
import { dialTarget, proxiedTcp } from './proxied-tcp.ts';

export interface MeshNodeComponents {
  readonly clock: Clock;
  readonly random: Random;
  readonly socket: EnclaveSocket;
}

export interface MeshNodeInit {
  readonly privateKey: PrivateKey;
  /** Addresses that the parent claims to be reachable at; hints, never trusted. */
  readonly announce: readonly string[];
  readonly maxConnections: number;
  /** Answers over QUIC, too. */
  readonly quic?: boolean;
  /** How to reach other nodes; without it this one dials nobody. */
  readonly mesh?: MeshReach;
}

export interface MeshReach {
  /** Multiaddrs, `/ip4|ip6/…/tcp/…/p2p/…`, of nodes to join the mesh by. */
  readonly bootstrap: readonly string[];
  /** Ranges that may be dialled. */
  readonly ranges: readonly IpRange[];
  /** Of the exchange of peers; tests hurry it. */
  readonly exchange?: Partial<PeerExchangeTiming>;
}

/** Pauses after the first announcements, then between all later ones. */
const PROVIDE_AGAIN_MS = [5_000, 30_000, 5 * 60_000];
const PROVIDE_EVERY_MS = 30 * 60_000;
/** A bootstrap node that could not be reached is tried again after this long. */
const BOOTSTRAP_EVERY_MS = 30_000;

export type StreamHandler = (stream: Stream, connection: Connection) => Promise<void>;

/** Streams of one protocol that a peer may have open at once; a session has as many calls in flight. */
const INBOUND_STREAMS_MAX = 64;

export interface MeshNode {
  readonly peerId: Libp2p['peerId'];
  handle(protocol: string, handler: StreamHandler): Promise<void>;
  /** Announces once that this node serves the capability behind `key`. */
  provide(key: CID, signal: AbortSignal): Promise<void>;
  /**
   * Announces now, again while the table of a young node fills, and from then on every half hour,
   * until `signal`: those who keep our records come and go.
   */
  keepProviding(keys: readonly CID[], signal: AbortSignal): void;
  /** Peers that it would hand on to a stranger. */
  knownPeers(): readonly ListedPeer[];
  stop(): Promise<void>;
}

export async function createMeshNode(
  { clock, random, socket }: MeshNodeComponents,
  init: MeshNodeInit,
): Promise<MeshNode> {
  const ranges = init.mesh?.ranges ?? [];
  const quic = init.quic === true ? await openQuic(clock, socket) : undefined;
  const node = await createLibp2p({
    privateKey: init.privateKey,
    addresses: {
      listen: [`/unix/${encodeURIComponent(socket.meshPath)}`, ...(quic?.listen ?? [])],
      announce: [...init.announce],
    },
    transports: [proxiedTcp({ dialPath: socket.dialPath, ranges }), ...(quic?.transports ?? [])],
    connectionEncrypters: [noise({ crypto: noiseCrypto })],
    streamMuxers: [
      yamux({
        streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES_MAX },
        // Our clients' first streams come with the end of Noise, before the connection is made up.
        maxEarlyStreams: INBOUND_STREAMS_MAX,
      }),
    ],
    connectionMonitor: CONNECTION_MONITOR,
    connectionManager: {
      maxConnections: init.maxConnections,
      inboundUpgradeTimeout: 10_000,
      // libp2p's own limits are per host, 5 a second and 10 at once. Here every connection comes from
      // one unix socket: ten silent ones would lock everybody out. The relay, which knows the
      // sources, limits them.
      inboundConnectionThreshold: Number.POSITIVE_INFINITY,
      maxIncomingPendingConnections: init.maxConnections,
    },
    // An address in a peer record makes the enclave dial only what its configuration allows.
    connectionGater: {
      denyDialMultiaddr: (address) => dialTarget(address, ranges) === undefined,
    },
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
  const door = await quic?.door();
  const dht: KadDHT = node.services.dht;
  // Answers about providers take their addresses from here, our own too.
  await node.peerStore.merge(node.peerId, { multiaddrs: init.announce.map((a) => multiaddr(a)) });
  const provide = async (key: CID, signal: AbortSignal) => {
    for await (const event of dht.provide(key, { signal })) void event;
  };
  const timing = init.mesh?.exchange;
  const exchange = await startPeerExchange(
    { node, clock, random },
    { ranges, ...(timing === undefined ? {} : { timing }) },
  );
  const stopJoining = keepJoined(node, init.mesh?.bootstrap ?? []);
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
    provide,
    keepProviding(keys, signal) {
      void (async () => {
        for (let round = 0; !signal.aborted; round++) {
          for (const key of keys) {
            // What could not be told now is told in the next round.
            await provide(key, signal).catch(() => undefined);
          }
          await pause(PROVIDE_AGAIN_MS[round] ?? PROVIDE_EVERY_MS, signal);
        }
      })();
    },
    knownPeers: () => exchange.known.list(''),
    stop: async () => {
      stopJoining();
      exchange.stop();
      await door?.stop();
      await node.stop();
    },
  };
}

/** The package and its native part are loaded by nodes that are asked for it. */
async function openQuic(clock: Clock, { datagramPath: path }: EnclaveSocket) {
  const { quicListening } = await import('./quic-listener.ts');
  const listening = Promise.withResolvers<number>();
  return {
    listen: ['/ip4/127.0.0.1/udp/0/quic-v1'],
    transports: [quicListening(listening.resolve)],
    /** What leads to the endpoint, once libp2p has it listen. */
    async door(): Promise<DatagramDoor> {
      const door = createDatagramDoor({ clock }, { path, port: await listening.promise });
      await door.start();
      return door;
    },
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // Rejects when it is aborted, before or meanwhile: the caller looks at the signal itself.
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}

/** Dials the bootstrap nodes now and whenever none of them is connected; returns what ends that. */
function keepJoined(node: Libp2p, bootstrap: readonly string[]): () => void {
  const addresses = bootstrap.map((address) => multiaddr(address));
  const ended = new AbortController();
  const connected = (address: Multiaddr) => {
    const id = address.getComponents().findLast(({ name }) => name === 'p2p')?.value;
    return id === node.peerId.toString() || node.getPeers().some((peer) => peer.toString() === id);
  };
  const join = () => {
    if (addresses.some(connected)) return;
    for (const address of addresses) {
      // Unreachable now is what the next round is for.
      node.dial(address, { signal: ended.signal }).catch(() => undefined);
    }
  };
  join();
  const timer = setInterval(join, BOOTSTRAP_EVERY_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    ended.abort();
  };
}
