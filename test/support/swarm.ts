/** Nodes of the mesh's table in one process, over TCP on loopback, and such that lie in it. */
import { generateKeyPair } from '@libp2p/crypto/keys';
import { identify } from '@libp2p/identify';
import type { Connection, Stream } from '@libp2p/interface';
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht';
import { noise } from '@libp2p/noise';
import { ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import type { CID } from 'multiformats/cid';
import { CONNECTION_MONITOR, PROTOCOL } from '../../shared/wire/constants.ts';
import { libp2pFrames } from '../../shared/wire/frames.ts';
import { changingLink } from './delay-link.ts';

/** Stands for attestation: who answers here is honest. Clients open it as they open it at a node. */
export const PROOF = PROTOCOL.describe;

/**
 * Silent nodes hold an announcement up; after this time it is left as far as it came. A node itself
 * gives up none, and announces again after 5 s, 30 s and 5 min: with 10 s some keys had no record at all.
 */
const PROVIDE_MS = 45_000;

export interface SwarmNode {
  readonly id: string;
  readonly address: string;
  readonly hostile: boolean;
  /** 38 bytes of its Peer ID, and where it listens, as they stand in answers of the table. */
  readonly contact: { readonly id: Uint8Array; readonly multiaddrs: readonly Uint8Array[] };
  join(address: string): Promise<void>;
  provide(key: CID): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Every node has a network of its own: 127.x.0.1. It tells the address of a link in front of it.
 * @param oneWayMs how far it is, by now
 */
async function start(index: number, hostile: boolean, oneWayMs: () => number) {
  const host = `127.${index + 1}.0.1`;
  let port = 0;
  const link = await changingLink({ target: () => port, oneWayMs, host });
  const libp2p = await createLibp2p({
    privateKey: await generateKeyPair('Ed25519'),
    addresses: {
      listen: [`/ip4/${host}/tcp/0`],
      announceFilter: (own) => {
        port = Number(/tcp\/(\d+)/.exec(own.join())?.[1]);
        return [multiaddr(`/ip4/${host}/tcp/${link.port}`)];
      },
    },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxEarlyStreams: 64 })],
    connectionMonitor: CONNECTION_MONITOR,
    connectionManager: {
      maxConnections: 400,
      inboundConnectionThreshold: Number.POSITIVE_INFINITY,
      maxIncomingPendingConnections: 400,
    },
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify(),
      ping: ping(),
      ...(hostile
        ? {}
        : {
            dht: kadDHT({
              protocol: PROTOCOL.kad,
              clientMode: false,
              peerInfoMapper: passthroughMapper,
              initialQuerySelfInterval: 100,
            }),
          }),
    },
  });
  const address = libp2p.getMultiaddrs()[0]?.toString() ?? '';
  const bare = multiaddr(address.split('/p2p/')[0] ?? '');
  const node: SwarmNode = {
    id: libp2p.peerId.toString(),
    address,
    hostile,
    contact: { id: libp2p.peerId.toMultihash().bytes, multiaddrs: [bare.bytes] },
    async join(to) {
      await libp2p.dial(multiaddr(to));
    },
    async provide(key) {
      const { dht } = libp2p.services;
      if (dht === undefined) return;
      for await (const event of dht.provide(key, { signal: AbortSignal.timeout(PROVIDE_MS) }))
        void event;
    },
    stop: async () => {
      await libp2p.stop();
      await link.stop();
    },
  };
  return { libp2p, node };
}

/** A provider that is not there. */
export async function phantom(index: number): Promise<SwarmNode['contact']> {
  const { publicKey } = await generateKeyPair('Ed25519');
  const address = multiaddr(`/ip4/127.${index}.0.1/tcp/1`);
  return { id: publicKey.toMultihash().bytes, multiaddrs: [address.bytes] };
}

export async function startHonest(index: number, oneWayMs: () => number): Promise<SwarmNode> {
  const { libp2p, node } = await start(index, false, oneWayMs);
  await libp2p.handle(PROOF, (stream: Stream) => void libp2pFrames(stream).write(Uint8Array.of(1)));
  return node;
}

/** As much of libp2p's table message as a liar needs; the fields are those of its dht.proto. */
interface Answer {
  readonly type: string;
  readonly key?: Uint8Array;
  readonly closer: readonly SwarmNode['contact'][];
  readonly providers: readonly SwarmNode['contact'][];
}
export interface MessageCodec {
  encode(message: Answer): Uint8Array;
  decode(bytes: Uint8Array): { readonly type?: string; readonly key?: Uint8Array };
}

/**
 * Answers every question with liars only: they are near whatever is asked for, and provide it.
 * @param stalls takes questions and never answers
 */
export async function startHostile(
  index: number,
  codec: MessageCodec,
  liars: () => readonly SwarmNode['contact'][],
  stalls: boolean,
): Promise<SwarmNode> {
  const { libp2p, node } = await start(index, true, () => 0);
  const lie = async (stream: Stream) => {
    const frames = libp2pFrames(stream);
    for (;;) {
      const { type = 'FIND_NODE', key } = codec.decode(await frames.read());
      if (stalls) return;
      const known = liars();
      const answer = { type, ...(key && { key }), closer: known, providers: known };
      await frames.write(codec.encode(answer));
    }
  };
  await libp2p.handle(PROTOCOL.kad, (stream: Stream, _connection: Connection) => {
    lie(stream).catch(() => stream.abort(new Error('over')));
  });
  return node;
}
