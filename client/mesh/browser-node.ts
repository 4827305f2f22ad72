/**
 * The client's place in the mesh in a browser: WebSockets to nodes that it is told of. It stands in
 * for client-node.ts in the browser's bundle (scripts/bundle.ts).
 */
import { generateKeyPair } from '@libp2p/crypto/keys';
import type { Connection, Ed25519PrivateKey } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { webSockets } from '@libp2p/websockets';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { NmpError } from '../../shared/errors.ts';
import { CONNECTION_MONITOR } from '../../shared/wire/constants.ts';
import { eagerFrames } from '../../shared/wire/frames.ts';
import type { ClientNode } from './client-node.ts';
import { eagerYamux } from './eager-muxer.ts';
import { identityOf, OWN_PROTOCOLS, unreachable } from './own-node.ts';

/** @throws NmpError USAGE */
function parseAddress(address: string) {
  try {
    return multiaddr(address);
  } catch (cause) {
    throw new NmpError('USAGE', 'not a multiaddr', { cause });
  }
}

/** @param init.privateKey the client's identity; a fresh one if absent */
export async function createClientNode(init: {
  readonly privateKey?: Ed25519PrivateKey;
}): Promise<ClientNode> {
  const privateKey = init.privateKey ?? (await generateKeyPair('Ed25519'));
  const libp2p = await createLibp2p({
    privateKey,
    addresses: { listen: [] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    connectionMonitor: CONNECTION_MONITOR,
    streamMuxers: [eagerYamux(OWN_PROTOCOLS)],
    // Whether a page may reach plain ws:// is the browser's to say.
    connectionGater: { denyDialMultiaddr: () => false },
  });
  const connections = new Map<string, Connection>();
  return {
    identity: identityOf(libp2p, privateKey),
    async dial(address, signal) {
      const target = parseAddress(address);
      try {
        const connection = await libp2p.dial(target, { signal });
        const id = connection.remotePeer.toString();
        connections.set(id, connection);
        return { id, multihash: connection.remotePeer.toMultihash().bytes };
      } catch (cause) {
        throw unreachable(cause, signal);
      }
    },
    async dialProvider() {
      throw new NmpError('UNREACHABLE', 'a browser looks nothing up: connect to an address');
    },
    async open(peer, protocol, signal) {
      try {
        const known = connections.get(peer);
        if (known === undefined) throw new NmpError('UNREACHABLE');
        const connection =
          known.status === 'open' ? known : await libp2p.dial(known.remoteAddr, { signal });
        if (connection.remotePeer.toString() !== peer) throw new NmpError('UNREACHABLE');
        connections.set(peer, connection);
        return eagerFrames(await connection.newStream(protocol, { signal }), protocol);
      } catch (cause) {
        throw unreachable(cause, signal);
      }
    },
    // biome-ignore lint/correctness/useYield: refuses before it could yield
    async *providers() {
      throw new NmpError('UNREACHABLE', 'a browser looks nothing up: connect to an address');
    },
    stop: async () => libp2p.stop(),
  };
}
