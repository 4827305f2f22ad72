/**
 * The enclave's clock: the NSM's time, carried on by the machine's monotonic clock. The parent can
 * set neither, and time never goes back.
 */
import { Decoder } from 'cbor-x';
import { NmpError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime.ts';
import type { Nsm } from '../attest/nsm.ts';

const decoder = new Decoder({ mapsAsObjects: false });
/** 2020-01-01: the device existed from then on. */
const EARLIEST_MS = 1_577_836_800_000;
const LATEST_MS = 8_640_000_000_000_000;

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

export interface NsmClock extends Clock {
  /** Reads the device's time anew. @throws NmpError NSM_* */
  synchronize(): Promise<void>;
}

/** @throws NmpError NSM_* if the device gives no time */
export async function createNsmClock({
  nsm,
  monotonic,
}: {
  readonly nsm: Nsm;
  readonly monotonic: Pick<Clock, 'monotonicMs'>;
}): Promise<NsmClock> {
  let anchor = { nsmMs: 0, monotonicMs: 0 };
  // Whole milliseconds, as every clock of the platform gives them.
  const nowMs = () => anchor.nsmMs + Math.trunc(monotonic.monotonicMs() - anchor.monotonicMs);
  const synchronize = async () => {
    const nsmMs = timestampOf(await nsm.attest({}));
    // Ahead of the device by a document's way at most; never back.
    anchor = { nsmMs: Math.max(nsmMs, nowMs()), monotonicMs: monotonic.monotonicMs() };
  };
  await synchronize();
  return { nowMs, monotonicMs: () => monotonic.monotonicMs(), synchronize };
}
