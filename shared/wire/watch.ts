/** What both ends of a watchdog must agree on: bounds of its trigger, nonces of its looks, its pulse. */
import { concat, utf8 } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { NmpError } from '../errors.ts';

/** As on the wire; docs/protocol.md, "Watchdogs". */
export interface WatchTrigger {
  /** Pause from the end of one look to the start of the next, ms. */
  readonly everyMs: number;
  /** Most events that are told. */
  readonly events: number;
  /** The watchdog ends after this long, or with its session, ms. */
  readonly ttlMs: number;
  /** Only answers that differ from the one told before are told. */
  readonly changes: boolean;
}

export const WATCH = {
  everyMsMin: 1_000,
  everyMsMax: 3_600_000,
  eventsMax: 3_600,
  ttlMsMax: 3_600_000,
  /** A node with nothing to tell says so this often, ms: silence means that somebody holds it back. */
  pulseMs: 30_000,
} as const;

const LOOK_LABEL = 'nmp-watch/v1 look';

function within(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

/** @throws NmpError WATCH_TRIGGER if a part is out of its bounds */
export function assertTrigger({ everyMs, events, ttlMs }: WatchTrigger): void {
  if (
    !within(everyMs, WATCH.everyMsMin, WATCH.everyMsMax) ||
    !within(events, 1, WATCH.eventsMax) ||
    !within(ttlMs, 1, WATCH.ttlMsMax)
  ) {
    throw new NmpError('WATCH_TRIGGER');
  }
}

/**
 * Request nonce of one look, so that its certificate is of this look and no other.
 * @param requestNonce of the watchdog, 32 bytes
 * @param look from 1
 * @returns SHA-256 of label, nonce and number (u64 big-endian); 32 bytes
 */
export function lookNonce(suite: CryptoSuite, requestNonce: Uint8Array, look: bigint): Uint8Array {
  const number = new Uint8Array(8);
  new DataView(number.buffer).setBigUint64(0, look);
  return suite.sha256(concat(utf8(LOOK_LABEL), requestNonce, number));
}
