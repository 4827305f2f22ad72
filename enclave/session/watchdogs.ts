/**
 * Watchdogs: a module left with the node, which runs it again and again for the peer that left it.
 * Every look is a call like any other, through guardian, sandbox, egress filter and quotas, and what
 * it gives goes out sealed on the stream that asked. It ends with that stream, its session, its time
 * or its number of events, whichever comes first, and nothing of it is kept.
 */
import type { CryptoSuite } from '../../shared/crypto/suite.ts';
import { NmpError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime.ts';
import { decodeLogicResponse, type LogicRequest, LogicResponse } from '../../shared/wire/codec.ts';
import { MODULE_BYTES_MAX, RESPONSE_BYTES_MAX } from '../../shared/wire/constants.ts';
import { RECORD, type RecordWriter } from '../../shared/wire/records.ts';
import { assertTrigger, lookNonce, WATCH, type WatchTrigger } from '../../shared/wire/watch.ts';
import type { CallHandler } from './serve.ts';
import type { Session } from './session-store.ts';

export interface WatchdogLimits {
  readonly perPeer: number;
  readonly total: number;
  /** Modules and inputs of all watchdogs together, bytes. */
  readonly heldBytes: number;
  /** Refused looks in a row that end a watchdog; each of them doubles the pause before the next. */
  readonly refusals: number;
  /** An event that its reader does not take in this time ends the watchdog, ms. */
  readonly takeMs: number;
}

export const DEFAULT_WATCHDOG_LIMITS: WatchdogLimits = {
  perPeer: 4,
  total: 256,
  heldBytes: 16 * MODULE_BYTES_MAX,
  refusals: 6,
  takeMs: 60_000,
};

/** Stage number of the pulse: nothing to tell, still at work. */
export const STAGE_WATCHING = 5;

export interface WatchdogComponents {
  readonly suite: CryptoSuite;
  readonly clock: Clock;
  readonly calls: CallHandler;
  /** Rejects when `signal` fires. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** One watchdog that was let in; `release` gives its place back. */
export interface WatchPlace {
  readonly trigger: WatchTrigger;
  readonly release: () => void;
}

export class Watchdogs {
  readonly #components: WatchdogComponents;
  readonly #limits: WatchdogLimits;
  readonly #byPeer = new Map<string, number>();
  #total = 0;
  #heldBytes = 0;

  constructor(components: WatchdogComponents, limits: WatchdogLimits = DEFAULT_WATCHDOG_LIMITS) {
    this.#components = components;
    this.#limits = limits;
  }

  get size(): number {
    return this.#total;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Lets a watchdog in by the head of its request, before its module is read.
   * @throws NmpError WATCH_TRIGGER, WATCH_LIMIT, FRAME_MALFORMED, CALL_PROOF_MODE
   */
  admit(peer: string, request: LogicRequest): WatchPlace {
    const { watch, job, proofMode } = request;
    if (watch === undefined || job !== '') throw new NmpError('FRAME_MALFORMED');
    if (proofMode !== '' && proofMode !== 'attested') throw new NmpError('CALL_PROOF_MODE');
    assertTrigger(watch);
    const held = heldBytesOf(request);
    const ofPeer = this.#byPeer.get(peer) ?? 0;
    if (
      ofPeer >= this.#limits.perPeer ||
      this.#total >= this.#limits.total ||
      held > this.#limits.heldBytes - this.#heldBytes
    ) {
      throw new NmpError('WATCH_LIMIT');
    }
    this.#total++;
    this.#heldBytes += held;
    this.#byPeer.set(peer, ofPeer + 1);
    let released = false;
    return {
      trigger: watch,
      release: () => {
        if (released) return;
        released = true;
        this.#total--;
        this.#heldBytes -= held;
        const left = (this.#byPeer.get(peer) ?? 1) - 1;
        if (left > 0) this.#byPeer.set(peer, left);
        else this.#byPeer.delete(peer);
      },
    };
  }

  /**
   * Looks until the watchdog is over, which the last message says; the stream is then to be closed.
   * A reader that takes nothing holds up the looks: at most one event waits for it.
   * @throws NmpError the reason of `signal`; TIMEOUT, CONNECTION_LOST if an event is not taken
   */
  async serve(
    place: WatchPlace,
    request: LogicRequest,
    session: Session,
    writer: RecordWriter,
    signal: AbortSignal,
  ): Promise<void> {
    const { suite, clock, calls } = this.#components;
    const { everyMs, events, changes } = place.trigger;
    const nowMs = clock.monotonicMs();
    const ttlMs = Math.max(
      0,
      Math.trunc(Math.min(place.trigger.ttlMs, session.expiresAtMs - nowMs)),
    );
    const endsAtMs = nowMs + ttlMs;
    const tell = (response: Uint8Array) =>
      writer.writeMessage(
        response,
        AbortSignal.any([signal, AbortSignal.timeout(this.#limits.takeMs)]),
      );
    await tell(LogicResponse.encode({ watch: { everyMs, events, ttlMs, changes } }));
    const { watch: _, ...look } = request;
    let told: string | undefined;
    let refusals = 0;
    let left = events;
    for (let number = 1n; ; number++) {
      signal.throwIfAborted();
      const requestNonce = Uint8Array.from(lookNonce(suite, request.requestNonce, number));
      const bytes = await calls({ ...look, requestNonce }, { session, signal, progress: silent });
      signal.throwIfAborted();
      const response = decodeLogicResponse(bytes, RESPONSE_BYTES_MAX);
      const { refusal, semanticEvidence } = response;
      refusals = refusal === undefined ? 0 : refusals + 1;
      const said = refusal === undefined ? `=${semanticEvidence}` : `!${refusal.code}`;
      if (!changes || said !== told) {
        await tell(LogicResponse.encode({ ...response, look: number }));
        told = said;
        left--;
      }
      if (left === 0 || refusals === this.#limits.refusals) break;
      const nextMs = clock.monotonicMs() + everyMs * 2 ** refusals;
      await this.#wait(Math.min(nextMs, endsAtMs), writer, signal);
      if (nextMs >= endsAtMs) break;
    }
    // The empty message: nothing more will come.
    await tell(LogicResponse.encode({}));
  }

  /** Sleeps until `untilMs`, with a pulse now and then. */
  async #wait(untilMs: number, writer: RecordWriter, signal: AbortSignal): Promise<void> {
    const { clock, sleep } = this.#components;
    for (;;) {
      const left = untilMs - clock.monotonicMs();
      if (left > 0) {
        await sleep(Math.min(left, WATCH.pulseMs), signal).catch((cause: unknown) => {
          signal.throwIfAborted();
          throw cause;
        });
      }
      if (left <= WATCH.pulseMs) return;
      const taken = AbortSignal.any([signal, AbortSignal.timeout(this.#limits.takeMs)]);
      await writer.write(RECORD.progress, Uint8Array.of(STAGE_WATCHING), taken);
    }
  }
}

function silent(): void {
  // A look reports nothing but its outcome.
}

/** What a request keeps in memory as long as it lives; its module may be announced only. */
function heldBytesOf({ moduleBytes, wasmBinary, inputs }: LogicRequest): number {
  let held = moduleBytes + wasmBinary.length;
  for (const value of inputs.values()) held += value.length;
  return held;
}
