/**
 * Peers tell each other whom they have reached, so that a mesh outlives its bootstrap nodes. What a
 * peer says is a claim: it is dialled, within the ranges of the configuration, before it is kept or
 * handed on. Who only ever connected to us, as agents do, is told to nobody.
 */
import type { Connection, IdentifyResult, PeerId, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import type { Libp2p } from 'libp2p';
import { NmpError } from '../../shared/errors.ts';
import type { IpRange } from '../../shared/policy/ip-range.ts';
import type { Clock, Random } from '../../shared/runtime.ts';
import { PROTOCOL } from '../../shared/wire/constants.ts';
import { libp2pFrames } from '../../shared/wire/frames.ts';
import { decodePeerList, encodePeerList, type ListedPeer } from '../../shared/wire/peer-list.ts';
import { KnownPeers } from './known-peers.ts';
import { dialTarget } from './proxied-tcp.ts';

export interface PeerExchangeComponents {
  readonly node: Libp2p;
  readonly clock: Clock;
  readonly random: Random;
}

export interface PeerExchangeInit {
  readonly ranges: readonly IpRange[];
  readonly timing?: Partial<PeerExchangeTiming>;
}

export interface PeerExchangeTiming {
  readonly firstMs: number;
  readonly everyMs: number;
  /** A reached peer is dialled again after this long, unless it is connected. */
  readonly againMs: number;
}

export interface PeerExchange {
  readonly known: Pick<KnownPeers, 'size' | 'list'>;
  stop(): void;
}

const DEFAULT_TIMING: PeerExchangeTiming = {
  firstMs: 2_000,
  everyMs: 60_000,
  againMs: 20 * 60_000,
};
/** In one round: peers asked, claims dialled, reached peers dialled again. */
const ASKED = 3;
const DIALLED = 4;
/** No more is looked for when so many are known. */
const ENOUGH = 32;
const STEP_TIMEOUT_MS = 5_000;
/** Streams of one asker at once. */
const STREAMS_MAX = 2;

class Exchange implements PeerExchange {
  readonly known: KnownPeers;
  readonly #node: Libp2p;
  readonly #random: Random;
  readonly #timing: PeerExchangeTiming;
  readonly #ended = new AbortController();
  #timer: NodeJS.Timeout;

  constructor({ node, clock, random }: PeerExchangeComponents, init: PeerExchangeInit) {
    const mayDial = (text: string) => {
      try {
        return dialTarget(multiaddr(text), init.ranges) !== undefined;
      } catch {
        // Not a multiaddr: addresses come from anybody.
        return false;
      }
    };
    this.known = new KnownPeers({ clock, random, mayDial }, node.peerId.toString());
    this.#node = node;
    this.#random = random;
    this.#timing = { ...DEFAULT_TIMING, ...init.timing };
    node.addEventListener('peer:identify', this.#onIdentify);
    node.addEventListener('connection:open', this.#onOpen);
    for (const connection of node.getConnections()) this.#noteOpen(connection);
    this.#timer = this.#later(this.#timing.firstMs);
  }

  stop(): void {
    this.#ended.abort();
    clearTimeout(this.#timer);
    this.#node.removeEventListener('peer:identify', this.#onIdentify);
    this.#node.removeEventListener('connection:open', this.#onOpen);
  }

  /** Answers one question with one frame. */
  async answer(stream: Stream, { remotePeer }: Connection): Promise<void> {
    const frames = libp2pFrames(stream);
    const timeout = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(STEP_TIMEOUT_MS)]);
    try {
      await frames.write(encodePeerList(this.known.list(remotePeer.toString())), timeout);
      await frames.close();
    } catch (error) {
      frames.abort(error instanceof Error ? error : new NmpError('INTERNAL'));
    }
  }

  readonly #onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => {
    // Agents do not serve the table, and want no visits.
    if (!detail.protocols.includes(PROTOCOL.kad)) return;
    const id = detail.peerId.toString();
    this.known.claim({ id, addresses: detail.listenAddrs.map(String) }, id);
  };

  readonly #onOpen = ({ detail }: CustomEvent<Connection>): void => this.#noteOpen(detail);

  #noteOpen({ direction, remoteAddr, remotePeer }: Connection): void {
    if (direction !== 'outbound') return;
    const text = remoteAddr.toString().replace(/\/p2p\/[^/]+$/, '');
    this.known.noteReached(remotePeer.toString(), text);
  }

  #later(ms: number): NodeJS.Timeout {
    const timer = setTimeout(() => {
      void this.#round().finally(() => {
        if (!this.#ended.signal.aborted) this.#timer = this.#later(this.#timing.everyMs);
      });
    }, ms);
    return timer.unref();
  }

  async #round(): Promise<void> {
    const connected = this.#shuffled(this.#node.getPeers()).slice(0, ASKED);
    if (this.known.size < ENOUGH) await Promise.all(connected.map((peer) => this.#ask(peer)));
    const outbound = new Set<string>();
    for (const connection of this.#node.getConnections()) {
      this.#noteOpen(connection);
      if (connection.direction === 'outbound') outbound.add(connection.remotePeer.toString());
    }
    // Alone, whoever was ever reached is worth a dial now.
    const alone = this.#node.getPeers().length === 0;
    const due = this.known
      .due(alone ? 0 : this.#timing.againMs)
      .filter(({ id }) => !outbound.has(id));
    const claims: ListedPeer[] = [];
    while (claims.length < DIALLED && this.known.size < ENOUGH) {
      const claim = this.known.next();
      if (claim === undefined) break;
      claims.push(claim);
    }
    await Promise.all([...due.slice(0, DIALLED), ...claims].map((peer) => this.#dial(peer)));
  }

  async #ask(peer: PeerId): Promise<void> {
    const signal = this.#step();
    try {
      const stream = await this.#node.dialProtocol(peer, PROTOCOL.peers, { signal });
      const frames = libp2pFrames(stream);
      try {
        const teller = peer.toString();
        const told = decodePeerList(await frames.read(signal));
        for (const listed of told) this.known.claim(listed, teller);
        await frames.close();
      } catch (error) {
        frames.abort(error instanceof Error ? error : new NmpError('INTERNAL'));
      }
    } catch {
      // It does not speak this, or is gone: others are asked.
    }
  }

  async #dial({ id, addresses: [address = ''] }: ListedPeer): Promise<void> {
    try {
      const before = this.#node.getConnections(peerIdFromString(id)).length;
      const target = multiaddr(`${address}/p2p/${id}`);
      // A peer that came to us is reached only when we have come to it.
      const connection = await this.#node.dial(target, { force: true, signal: this.#step() });
      if (before > 0) await connection.close();
    } catch {
      if (!this.#ended.signal.aborted) this.known.noteFailed(id);
    }
  }

  #step(): AbortSignal {
    return AbortSignal.any([this.#ended.signal, AbortSignal.timeout(STEP_TIMEOUT_MS)]);
  }

  #shuffled<T>(all: readonly T[]): T[] {
    const draws = this.#random.bytes(all.length);
    return all
      .map((one, at) => ({ one, draw: draws[at] ?? 0 }))
      .toSorted((a, b) => a.draw - b.draw)
      .map(({ one }) => one);
  }
}

/** Answers the question from now on, and asks others by itself. */
export async function startPeerExchange(
  components: PeerExchangeComponents,
  init: PeerExchangeInit,
): Promise<PeerExchange> {
  const exchange = new Exchange(components, init);
  await components.node.handle(
    PROTOCOL.peers,
    (stream, connection) => exchange.answer(stream, connection),
    { maxInboundStreams: STREAMS_MAX },
  );
  return exchange;
}
