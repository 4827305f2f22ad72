/**
 * What a node knows of other nodes: claims, which anybody makes, and peers that it has reached by
 * itself at an address that it may dial. Only these are handed on. Room is given by network, so that
 * one who owns many addresses of one range has the share of that range and no more.
 */
import type { Clock, Random } from '../../shared/runtime.ts';
import { addressGroup } from '../../shared/wire/address-group.ts';
import { LISTED_PEERS_MAX, type ListedPeer } from '../../shared/wire/peer-list.ts';

export interface KnownPeersComponents {
  readonly clock: Clock;
  readonly random: Random;
  /** True for addresses that this node may dial. */
  readonly mayDial: (address: string) => boolean;
}

export interface KnownPeersLimits {
  /** Claims kept in all, of one network (/16 of IPv4, /32 of IPv6), and by one teller. */
  readonly claims: number;
  readonly claimsPerGroup: number;
  readonly claimsPerTeller: number;
  /** Reached peers kept in all, and of one network. */
  readonly reached: number;
  readonly reachedPerGroup: number;
  /** Of one network in an answer. */
  readonly listedPerGroup: number;
  /** A peer that was not reached for this long is known no more; one that failed rests as long. */
  readonly forgetMs: number;
  readonly restMs: number;
}

export const DEFAULT_KNOWN_LIMITS: KnownPeersLimits = {
  claims: 256,
  claimsPerGroup: 16,
  claimsPerTeller: 32,
  reached: 64,
  reachedPerGroup: 8,
  listedPerGroup: 4,
  forgetMs: 60 * 60_000,
  restMs: 10 * 60_000,
};

interface Claim {
  readonly id: string;
  readonly address: string;
  readonly group: string;
  readonly teller: string;
}

interface Reached {
  readonly id: string;
  readonly address: string;
  readonly group: string;
  readonly lastMs: number;
}

function countOf<T>(all: Iterable<T>, holds: (one: T) => boolean): number {
  let count = 0;
  for (const one of all) if (holds(one)) count++;
  return count;
}

export class KnownPeers {
  readonly #components: KnownPeersComponents;
  readonly #self: string;
  readonly #limits: KnownPeersLimits;
  readonly #claims = new Map<string, Claim>();
  readonly #reached = new Map<string, Reached>();
  /** Until when a peer that could not be reached rests. */
  readonly #resting = new Map<string, number>();

  /** @param self this node's Peer ID */
  constructor(
    components: KnownPeersComponents,
    self: string,
    limits: Partial<KnownPeersLimits> = {},
  ) {
    this.#components = components;
    this.#self = self;
    this.#limits = { ...DEFAULT_KNOWN_LIMITS, ...limits };
  }

  get size(): number {
    return this.#reached.size;
  }

  /** Takes what `teller` says of a peer, or of itself; the first address that may be dialled counts. */
  claim({ id, addresses }: ListedPeer, teller: string): void {
    if (id === this.#self || this.#claims.has(id) || this.#reached.has(id)) return;
    const now = this.#components.clock.monotonicMs();
    if ((this.#resting.get(id) ?? Number.NEGATIVE_INFINITY) > now) return;
    const address = addresses.find((each) => this.#components.mayDial(each));
    const group = address === undefined ? undefined : addressGroup(address);
    if (address === undefined || group === undefined) return;
    const { claims, claimsPerGroup, claimsPerTeller } = this.#limits;
    const all = [...this.#claims.values()];
    if (all.length >= claims) return;
    if (countOf(all, (one) => one.group === group) >= claimsPerGroup) return;
    if (countOf(all, (one) => one.teller === teller) >= claimsPerTeller) return;
    this.#claims.set(id, { id, address, group, teller });
  }

  /** A claim to try, of a network of which least is reached; it is a claim no more. */
  next(): ListedPeer | undefined {
    const { reachedPerGroup } = this.#limits;
    const reachedIn = (group: string) =>
      countOf(this.#reached.values(), (one) => one.group === group);
    let best: { claim: Claim; reached: number; draw: number } | undefined;
    for (const claim of this.#claims.values()) {
      const reached = reachedIn(claim.group);
      if (reached >= reachedPerGroup) {
        this.#claims.delete(claim.id);
        continue;
      }
      const draw = this.#draw();
      if (
        best === undefined ||
        reached < best.reached ||
        (reached === best.reached && draw < best.draw)
      ) {
        best = { claim, reached, draw };
      }
    }
    if (best === undefined) return undefined;
    this.#claims.delete(best.claim.id);
    return { id: best.claim.id, addresses: [best.claim.address] };
  }

  /** This node has dialled the peer there, and it was the one that it was said to be. */
  noteReached(id: string, address: string): void {
    const group = addressGroup(address);
    if (group === undefined || id === this.#self || !this.#components.mayDial(address)) return;
    const now = this.#components.clock.monotonicMs();
    this.#forget(now);
    this.#claims.delete(id);
    this.#resting.delete(id);
    const { reached, reachedPerGroup } = this.#limits;
    const beside = (one: Reached) => one.id !== id && one.group === group;
    const full =
      countOf(this.#reached.values(), beside) >= reachedPerGroup ||
      (!this.#reached.has(id) && this.#reached.size >= reached);
    // Those that have been there for long stay: a flood of new ones moves nobody out.
    if (full) return;
    this.#reached.set(id, { id, address, group, lastMs: now });
  }

  noteFailed(id: string): void {
    const now = this.#components.clock.monotonicMs();
    this.#forget(now);
    this.#reached.delete(id);
    this.#claims.delete(id);
    // As many as claims: what rests is bounded, too, the oldest makes room.
    if (this.#resting.size >= this.#limits.claims) {
      const [oldest] = this.#resting.keys();
      if (oldest !== undefined) this.#resting.delete(oldest);
    }
    this.#resting.set(id, now + this.#limits.restMs);
  }

  /** Peers that were last reached so long ago. */
  due(olderThanMs: number): ListedPeer[] {
    const before = this.#components.clock.monotonicMs() - olderThanMs;
    return [...this.#reached.values()]
      .filter(({ lastMs }) => lastMs <= before)
      .map(({ id, address }) => ({ id, addresses: [address] }));
  }

  /** What is handed on: reached peers other than the one that asks, spread over networks. */
  list(asker: string): ListedPeer[] {
    this.#forget(this.#components.clock.monotonicMs());
    const drawn = [...this.#reached.values()]
      .filter(({ id }) => id !== asker)
      .map((peer) => ({ peer, draw: this.#draw() }))
      .toSorted((a, b) => a.draw - b.draw);
    const perGroup = new Map<string, number>();
    const listed: ListedPeer[] = [];
    for (const { peer } of drawn) {
      const inGroup = perGroup.get(peer.group) ?? 0;
      if (inGroup >= this.#limits.listedPerGroup || listed.length >= LISTED_PEERS_MAX) continue;
      perGroup.set(peer.group, inGroup + 1);
      listed.push({ id: peer.id, addresses: [peer.address] });
    }
    return listed;
  }

  #forget(now: number): void {
    for (const { id, lastMs } of this.#reached.values()) {
      if (now - lastMs > this.#limits.forgetMs) this.#reached.delete(id);
    }
    for (const [id, until] of this.#resting) if (until <= now) this.#resting.delete(id);
  }

  #draw(): number {
    const bytes = this.#components.random.bytes(4);
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  }
}
