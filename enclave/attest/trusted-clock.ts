/**
 * The enclave's clock: the NSM's signed time, carried on by the machine's monotonic clock. It never
 * goes back and is never behind the last time that the NSM signed. A device or a wall clock that is
 * moved back is a host that wants old certificates, sessions or releases to live on: the clock then
 * gives no time any more, and with it nothing is signed.
 */
import { Decoder } from 'cbor-x';
import { NmpError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime.ts';
import type { Nsm } from './nsm.ts';

const decoder = new Decoder({ mapsAsObjects: false });
/** 2020-01-01: the device existed from then on. */
const EARLIEST_MS = 1_577_836_800_000;
const LATEST_MS = 8_640_000_000_000_000;
/** How far two clocks of one machine may drift apart between two looks; drift is ppm, a move is not. */
const TOLERANCE_MS = 5_000;

/**
 * Milliseconds since the epoch in a document straight from the device, which needs no proof here.
 *
 * @throws NmpError NSM_INVALID_RESPONSE
 */
export function timestampOf(document: Uint8Array): number {
  let timestamp: unknown;
  try {
    const cose: unknown = decoder.decode(document);
    const payload: unknown = Array.isArray(cose) ? cose[2] : undefined;
    const fields: unknown = payload instanceof Uint8Array ? decoder.decode(payload) : undefined;
    timestamp = fields instanceof Map ? fields.get('timestamp') : undefined;
  } catch (cause) {
    throw new NmpError('NSM_INVALID_RESPONSE', undefined, { cause });
  }
  const ms = typeof timestamp === 'bigint' ? Number(timestamp) : timestamp;
  if (typeof ms !== 'number' || !(ms >= EARLIEST_MS && ms <= LATEST_MS)) {
    throw new NmpError('NSM_INVALID_RESPONSE');
  }
  return ms;
}

/** Both readings throw CLOCK_MOVED_BACK from the first sign of a clock that was moved on. */
export interface TrustedClock extends Clock {
  /** Reads the device's time anew. @throws NmpError NSM_*, CLOCK_MOVED_BACK */
  synchronize(): Promise<void>;
}

export interface TrustedClockComponents {
  readonly nsm: Pick<Nsm, 'attest'>;
  /** The machine's own clock: its wall time is watched, never told. */
  readonly clock: Clock;
}

class NsmTrustedClock implements TrustedClock {
  readonly #nsm: Pick<Nsm, 'attest'>;
  readonly #machine: Clock;
  #anchor: { readonly nsmMs: number; readonly monotonicMs: number };
  /** Wall time less monotonic time, which only grows on a machine that nobody sets back. */
  #wallOffsetMs: number;
  #lastMonotonicMs: number;
  #moved = false;

  constructor({ nsm, clock }: TrustedClockComponents, nsmMs: number) {
    this.#nsm = nsm;
    this.#machine = clock;
    const monotonicMs = clock.monotonicMs();
    this.#anchor = { nsmMs, monotonicMs };
    this.#lastMonotonicMs = monotonicMs;
    this.#wallOffsetMs = clock.nowMs() - monotonicMs;
  }

  #fail(): never {
    this.#moved = true;
    throw new NmpError('CLOCK_MOVED_BACK');
  }

  monotonicMs(): number {
    if (this.#moved) this.#fail();
    const monotonicMs = this.#machine.monotonicMs();
    if (monotonicMs < this.#lastMonotonicMs) this.#fail();
    const offset = this.#machine.nowMs() - monotonicMs;
    if (offset < this.#wallOffsetMs - TOLERANCE_MS) this.#fail();
    this.#lastMonotonicMs = monotonicMs;
    // A wall clock set forward must not come back either.
    this.#wallOffsetMs = Math.max(this.#wallOffsetMs, offset);
    return monotonicMs;
  }

  nowMs(): number {
    // Whole milliseconds, as every clock of the platform gives them.
    return this.#anchor.nsmMs + Math.trunc(this.monotonicMs() - this.#anchor.monotonicMs);
  }

  async synchronize(): Promise<void> {
    const askedMs = this.nowMs();
    const nsmMs = timestampOf(await this.#nsm.attest({}));
    // The device signed after it was asked: what it says cannot lie before that.
    if (nsmMs < askedMs - TOLERANCE_MS) this.#fail();
    const monotonicMs = this.monotonicMs();
    // Ahead of the device by a document's way at most; never back.
    this.#anchor = { nsmMs: Math.max(nsmMs, this.nowMs()), monotonicMs };
  }
}

/** @throws NmpError NSM_* if the device gives no time */
export async function createTrustedClock(
  components: TrustedClockComponents,
): Promise<TrustedClock> {
  return new NsmTrustedClock(components, timestampOf(await components.nsm.attest({})));
}
