/** The client's place in the mesh: dials nodes, asks Kademlia, serves nobody. */
import { generateKeyPair } from '@libp2p/crypto/keys';
import { identify } from '@libp2p/identify';
import type { Connection, Ed25519PrivateKey, PeerId } from '@libp2p/interface';
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht';
import { noise } from '@libp2p/noise';
import { peerIdFromString } from '@libp2p/peer-id';
import { ping } from '@libp2p/ping';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import type { CID } from 'multiformats/cid';
import { noiseCrypto } from '../../shared/crypto/noise-node.ts';
import { NmpError } from '../../shared/errors.ts';
import { CONNECTION_MONITOR, PROTOCOL } from '../../shared/wire/constants.ts';
import { eagerFrames, type FrameChannel } from '../../shared/wire/frames.ts';
import { isQuicAddress } from '../../shared/wire/quic-address.ts';
import type { ClientIdentity, NodePeer } from '../session/elicit.ts';
import { eagerYamux } from './eager-muxer.ts';
import { eagerTcp } from './eager-tcp.ts';
import { identityOf, OWN_PROTOCOLS, unreachable } from './own-node.ts';
import { clientQuic } from './quic.ts';

export interface ClientNode {
  readonly identity: ClientIdentity;
  /** @throws NmpError UNREACHABLE, TIMEOUT */
  dial(address: string, signal: AbortSignal): Promise<NodePeer>;
  /**
   * Dials a provider at the addresses that it claims; Noise refuses another Peer ID there.
   * @throws NmpError UNREACHABLE, TIMEOUT
   */
  dialProvider(
    provider: { readonly id: string; readonly addresses: readonly string[] },
    signal: AbortSignal,
  ): Promise<NodePeer>;
  /** @throws NmpError UNREACHABLE, TIMEOUT */
  open(peer: string, protocol: string, signal: AbortSignal): Promise<FrameChannel>;
  /**
   * Peers that provide `key`, with addresses; asks the nodes of the table that are nearest to it, and
   * those that were dialled by address.
   */
  providers(key: CID, signal: AbortSignal): AsyncIterable<{ id: string; addresses: string[] }>;
  stop(): Promise<void>;
}

function parseAddress(address: string): Multiaddr | PeerId {
  try {
    return address.startsWith('/') ? multiaddr(address) : peerIdFromString(address);
  } catch (cause) {
    throw new NmpError('USAGE', 'not a multiaddr or Peer ID', { cause });
  }
}

function withPeer(address: Multiaddr, id: string): Multiaddr {
  const text = address.toString();
  return text.includes('/p2p/') ? address : multiaddr(`${text}/p2p/${id}`);
}

/** The address with the Peer ID that must answer there; nothing if it is no TCP or QUIC address of that peer. */
function dialable(text: string, id: string): Multiaddr[] {
  try {
    const address = withPeer(multiaddr(text), id);
    const parts = address.getComponents();
    const claimed = parts.findLast(({ name }) => name === 'p2p')?.value;
    const known = isQuicAddress(address) || parts.some(({ name }) => name === 'tcp');
    return claimed === id && known ? [address] : [];
  } catch {
    return [];
  }
}

function nodePeer(id: PeerId): NodePeer {
  return { id: id.toString(), multihash: id.toMultihash().bytes };
}

/** A provider that does not answer over QUIC in this time is asked over TCP. */
const QUIC_PATIENCE_MS = 1_500;
/** Claims to provide that one node of the table may tell in a lookup. */
const CLAIMS_PER_ANSWERER = 8;
/** Claims heard in a lookup before libp2p ends it. */
const CLAIMS_HEARD = 1024;

/** What is used of the table of kad-dht 16.4, and is not in its types. */
interface RoutingTable {
  readonly kBucketSize: number;
  /** Where a lookup begins. */
  closestPeers(key: Uint8Array, options?: { readonly count?: number }): PeerId[];
}

/**
 * kad-dht 16.4 ends a lookup after as many claims as a bucket has places (20): the answer of one liar
 * fills that, and who answers honestly is never heard. The number is read from the routing table that
 * its content routing holds, and from nothing else there.
 * @returns the table itself
 * @throws NmpError INTERNAL if another version is built otherwise
 */
function hearManyClaims(dht: unknown): RoutingTable {
  const { contentRouting } = dht as { contentRouting?: { routingTable?: Partial<RoutingTable> } };
  const table = contentRouting?.routingTable;
  if (
    contentRouting === undefined ||
    typeof table?.kBucketSize !== 'number' ||
    table.closestPeers === undefined
  ) {
    throw new NmpError('INTERNAL', 'kad-dht is of another build than this was made for');
  }
  contentRouting.routingTable = Object.create(table, { kBucketSize: { value: CLAIMS_HEARD } });
  return table as RoutingTable;
}

/** How many of those that were dialled by address every lookup asks: the latest. */
const ASKED_ALWAYS = 8;

/**
 * kad-dht begins a lookup at the twenty peers of its table that are nearest to the key. A peer that is
 * far away enters the table late, when it has said what it speaks and answered a ping; and twenty liars,
 * whom one liar's answers bring into it, leave out whoever is farther from the key than they.
 */
function askAlso(table: RoutingTable, dialled: ReadonlyMap<string, PeerId>): void {
  const closestPeers = table.closestPeers.bind(table);
  table.closestPeers = (key, options) => {
    const near = closestPeers(key, options);
    const others = new Map(dialled);
    for (const peer of near) others.delete(peer.toString());
    return [...near, ...others.values()];
  };
}

/** @param init.privateKey the client's identity; a fresh one if absent */
export async function createClientNode(init: {
  readonly privateKey?: Ed25519PrivateKey;
}): Promise<ClientNode> {
  const privateKey = init.privateKey ?? (await generateKeyPair('Ed25519'));
  const libp2p = await createLibp2p({
    privateKey,
    addresses: { listen: [] },
    transports: [eagerTcp(), clientQuic(OWN_PROTOCOLS)],
    connectionEncrypters: [noise({ crypto: noiseCrypto })],
    connectionMonitor: CONNECTION_MONITOR,
    streamMuxers: [eagerYamux(OWN_PROTOCOLS)],
    // Nodes on this machine and in private networks are what local mode is about.
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({
        protocol: PROTOCOL.kad,
        clientMode: true,
        peerInfoMapper: passthroughMapper,
        initialQuerySelfInterval: 100,
      }),
    },
  });
  const table = hearManyClaims(libp2p.services.dht);
  const dialled = new Map<string, PeerId>();
  askAlso(table, dialled);
  const connections = new Map<string, Connection>();
  /** Where a peer was reached before; another Peer ID there is refused by Noise. */
  const reached = new Map<string, Multiaddr>();

  const connectionTo = async (peer: string, signal: AbortSignal): Promise<Connection> => {
    const known = connections.get(peer);
    if (known?.status === 'open') return known;
    const connection = await libp2p.dial(reached.get(peer) ?? peerIdFromString(peer), { signal });
    connections.set(peer, connection);
    return connection;
  };

  /** QUIC first where a provider has it, for a moment: some networks let no UDP through. */
  const quickest = async (targets: readonly Multiaddr[], signal: AbortSignal) => {
    const quic = targets.filter(isQuicAddress);
    const others = targets.filter((target) => !quic.includes(target));
    if (quic.length > 0 && others.length > 0) {
      const patience = AbortSignal.any([signal, AbortSignal.timeout(QUIC_PATIENCE_MS)]);
      const connection = await libp2p.dial(quic, { signal: patience }).catch(() => undefined);
      if (connection !== undefined) return connection;
      signal.throwIfAborted();
    }
    return libp2p.dial(others.length > 0 ? others : quic, { signal });
  };

  const remember = (connection: Connection): NodePeer => {
    const id = connection.remotePeer.toString();
    connections.set(id, connection);
    reached.set(id, withPeer(connection.remoteAddr, id));
    return nodePeer(connection.remotePeer);
  };

  return {
    identity: identityOf(libp2p, privateKey),
    async dial(address, signal) {
      const target = parseAddress(address);
      try {
        const connection = await libp2p.dial(target, { signal });
        const id = connection.remotePeer.toString();
        dialled.delete(id);
        dialled.set(id, connection.remotePeer);
        for (const first of [...dialled.keys()].slice(0, -ASKED_ALWAYS)) dialled.delete(first);
        return remember(connection);
      } catch (cause) {
        throw unreachable(cause, signal);
      }
    },
    async dialProvider({ id, addresses }, signal) {
      try {
        const connection = connections.get(id);
        if (connection?.status === 'open') return nodePeer(connection.remotePeer);
        const targets = addresses.flatMap((address) => dialable(address, id));
        if (targets.length === 0) throw new NmpError('UNREACHABLE');
        return remember(await quickest(targets, signal));
      } catch (cause) {
        throw unreachable(cause, signal);
      }
    },
    async open(peer, protocol, signal) {
      try {
        const connection = await connectionTo(peer, signal);
        return eagerFrames(await connection.newStream(protocol, { signal }), protocol);
      } catch (cause) {
        throw unreachable(cause, signal);
      }
    },
    async *providers(key, signal) {
      // One that answers with many is not to crowd out the others.
      const told = new Map<string, number>();
      for await (const event of libp2p.services.dht.findProviders(key, { signal })) {
        if (event.name !== 'PROVIDER') continue;
        const from = event.from.toString();
        for (const provider of event.providers) {
          const claims = (told.get(from) ?? 0) + 1;
          if (claims > CLAIMS_PER_ANSWERER) break;
          told.set(from, claims);
          yield {
            id: provider.id.toString(),
            addresses: provider.multiaddrs.map((address) => address.toString()),
          };
        }
      }
    },
    stop: async () => libp2p.stop(),
  };
}
