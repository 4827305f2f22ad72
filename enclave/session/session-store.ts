/**
 * Sessions of the node: secrets by token, each bound to one peer, with a time to live, caps and a
 * window against replay. Everything that costs little is refused here before any key or document
 * is made.
 */
import { toBase64Url } from '../../shared/bytes.ts';
import { type SessionSecrets, wipeSecrets } from '../../shared/crypto/key-schedule.ts';
import { NmpError } from '../../shared/errors.ts';
import type { Clock, Random } from '../../shared/runtime.ts';
import { SESSION_TOKEN_BYTES } from '../../shared/wire/constants.ts';
import { ReplayWindow } from './replay-window.ts';

export interface SessionLimits {
  readonly ttlMs: number;
  readonly perPeer: number;
  readonly total: number;
  /** Calls in flight in one session. */
  readonly inFlight: number;
  /** Handshakes between M1 and M3 at once: each holds a key pair and asks the NSM. */
  readonly pending: number;
  readonly pendingPerPeer: number;
  /** Handshakes a peer may start in `handshakeWindowMs`. */
  readonly handshakesPerWindow: number;
  readonly handshakeWindowMs: number;
}

export const DEFAULT_SESSION_LIMITS: SessionLimits = {
  ttlMs: 60 * 60 * 1000,
  perPeer: 8,
  total: 4096,
  inFlight: 64,
  pending: 512,
  pendingPerPeer: 4,
  handshakesPerWindow: 60,
  handshakeWindowMs: 60_000,
};

/** How long the stream numbers of a session that ended are kept: longer than any call may take. */
const ENDED_KEPT_MS = 15 * 60 * 1000;

export interface Session {
  readonly token: string;
  readonly peer: string;
  readonly secrets: SessionSecrets;
  /** SHA-384 transcript hash of its handshake. */
  readonly transcript: Uint8Array;
  readonly expiresAtMs: number;
}

interface Entry extends Session {
  readonly ended: AbortController;
  inFlight: number;
  readonly window: ReplayWindow;
}

/** What is left of a session that ended. */
interface Ended {
  readonly peer: string;
  readonly window: ReplayWindow;
  readonly untilMs: number;
}

export class SessionStore {
  readonly #components: { readonly clock: Clock; readonly random: Random };
  readonly #limits: SessionLimits;
  readonly #sessions = new Map<string, Entry>();
  /** In the order in which they ended. */
  readonly #ended = new Map<string, Ended>();
  /** Until then a session that ended may be missing from `#ended`, whose room was used up. */
  #forgotUntilMs = Number.NEGATIVE_INFINITY;
  readonly #byPeer = new Map<string, number>();
  readonly #handshakes = new Map<string, { windowStartMs: number; count: number }>();
  readonly #pending = new Map<string, number>();
  #pendingTotal = 0;

  constructor(
    components: { readonly clock: Clock; readonly random: Random },
    limits: SessionLimits = DEFAULT_SESSION_LIMITS,
  ) {
    this.#components = components;
    this.#limits = limits;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get ttlMs(): number {
    return this.#limits.ttlMs;
  }

  /**
   * Counts a handshake of `peer` before any costly work; `release` ends its wait for M3.
   * @throws NmpError SESSION_LIMIT
   */
  admitHandshake(peer: string): () => void {
    this.#expire();
    const now = this.#components.clock.monotonicMs();
    const window = this.#handshakes.get(peer);
    const fresh =
      window === undefined || now - window.windowStartMs >= this.#limits.handshakeWindowMs;
    const count = fresh ? 1 : window.count + 1;
    if (
      count > this.#limits.handshakesPerWindow ||
      this.#pendingTotal >= this.#limits.pending ||
      (this.#pending.get(peer) ?? 0) >= this.#limits.pendingPerPeer ||
      (this.#byPeer.get(peer) ?? 0) >= this.#limits.perPeer ||
      this.#sessions.size >= this.#limits.total ||
      (window === undefined && this.#handshakes.size >= this.#limits.total)
    ) {
      throw new NmpError('SESSION_LIMIT');
    }
    this.#handshakes.set(peer, { windowStartMs: fresh ? now : window.windowStartMs, count });
    this.#pendingTotal++;
    this.#pending.set(peer, (this.#pending.get(peer) ?? 0) + 1);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#pendingTotal--;
      const left = (this.#pending.get(peer) ?? 1) - 1;
      if (left > 0) this.#pending.set(peer, left);
      else this.#pending.delete(peer);
    };
  }

  newToken(): string {
    return toBase64Url(this.#components.random.bytes(SESSION_TOKEN_BYTES));
  }

  /** @throws NmpError SESSION_LIMIT */
  add(init: Omit<Session, 'expiresAtMs'>): Session {
    if (
      (this.#byPeer.get(init.peer) ?? 0) >= this.#limits.perPeer ||
      this.#sessions.size >= this.#limits.total
    ) {
      throw new NmpError('SESSION_LIMIT');
    }
    const entry: Entry = {
      ...init,
      expiresAtMs: this.#components.clock.monotonicMs() + this.#limits.ttlMs,
      ended: new AbortController(),
      inFlight: 0,
      window: new ReplayWindow(),
    };
    this.#sessions.set(init.token, entry);
    this.#byPeer.set(init.peer, (this.#byPeer.get(init.peer) ?? 0) + 1);
    return entry;
  }

  /**
   * Takes stream number `stream` of a session for one call; `release` ends it. `ended` fires when
   * the session is dropped while the call lasts.
   * @throws NmpError SESSION_UNKNOWN, SESSION_REPLAY, SESSION_LIMIT
   */
  enter(
    token: string,
    peer: string,
    stream: bigint,
  ): { session: Session; ended: AbortSignal; release: () => void } {
    const entry = this.#sessions.get(token);
    if (entry === undefined || entry.peer !== peer) throw new NmpError('SESSION_UNKNOWN');
    if (this.#components.clock.monotonicMs() >= entry.expiresAtMs) {
      this.#drop(entry);
      throw new NmpError('SESSION_UNKNOWN');
    }
    entry.window.check(stream);
    if (entry.inFlight >= this.#limits.inFlight) throw new NmpError('SESSION_LIMIT');
    entry.window.take(stream);
    entry.inFlight++;
    let released = false;
    return {
      session: entry,
      ended: entry.ended.signal,
      release: () => {
        if (!released) entry.inFlight--;
        released = true;
      },
    };
  }

  /**
   * Uses up the stream on which `peer` says that it sent a request before, so that the request can
   * run on that stream or on the one where it is sent again, never on both. That the first was
   * refused is a word which no key of the session protects; this does not take it on trust.
   * A session of an earlier start of the node is not known here.
   * @throws NmpError SESSION_REPLAY if the request was taken there, or if that is not known any more
   */
  useUp(token: string, peer: string, stream: bigint): void {
    this.#expire();
    const earlier = this.#sessions.get(token) ?? this.#ended.get(token);
    if (earlier?.peer === peer) {
      earlier.window.take(stream);
    } else if (this.#components.clock.monotonicMs() < this.#forgotUntilMs) {
      throw new NmpError('SESSION_REPLAY');
    }
  }

  drop(token: string): void {
    const entry = this.#sessions.get(token);
    if (entry !== undefined) this.#drop(entry);
  }

  clear(): void {
    for (const entry of this.#sessions.values()) this.#drop(entry);
  }

  #drop(entry: Entry): void {
    this.#sessions.delete(entry.token);
    const left = (this.#byPeer.get(entry.peer) ?? 1) - 1;
    if (left > 0) this.#byPeer.set(entry.peer, left);
    else this.#byPeer.delete(entry.peer);
    wipeSecrets(entry.secrets);
    this.#keep(entry);
    entry.ended.abort(new NmpError('SESSION_UNKNOWN'));
  }

  #keep({ token, peer, window }: Entry): void {
    const untilMs = this.#components.clock.monotonicMs() + ENDED_KEPT_MS;
    this.#ended.set(token, { peer, window, untilMs });
    if (this.#ended.size <= this.#limits.total) return;
    for (const [oldest, ended] of this.#ended) {
      this.#ended.delete(oldest);
      this.#forgotUntilMs = ended.untilMs;
      break;
    }
  }

  #expire(): void {
    const now = this.#components.clock.monotonicMs();
    for (const [token, ended] of this.#ended) {
      if (now < ended.untilMs) break;
      this.#ended.delete(token);
    }
    for (const entry of this.#sessions.values()) if (now >= entry.expiresAtMs) this.#drop(entry);
    for (const [peer, window] of this.#handshakes) {
      if (now - window.windowStartMs >= this.#limits.handshakeWindowMs) {
        this.#handshakes.delete(peer);
      }
    }
  }
}
