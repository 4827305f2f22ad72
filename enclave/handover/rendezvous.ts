/**
 * Giver and heir find each other by a name that their operator gave to both: the giver's box. Whoever
 * else knows it can make them wait, or have another equal come in the heir's place; nothing more.
 */
import { toBase64Url } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import type { MutualComponents } from '../attest/mutual.ts';
import type { Ledger } from '../egress/gate/ledger.ts';
import { BOX_BYTES, BoxFrames, openBoxMessage } from '../prove/jobs/box-frames.ts';
import type { Box, JobBroker } from '../prove/jobs/broker.ts';
import type { HandoverContents } from './contents.ts';
import { giveOver, type HandoverInit, takeOver } from './handover.ts';

export interface RendezvousInit extends HandoverInit {
  /** 16 random bytes in base64url. */
  readonly name: string;
}

/** One run, from the heir's first word to its last. */
const RUN_TIMEOUT_MS = 15_000;
/** An heir asks again until a giver is there. */
const ASK_AGAIN_MS = 2_000;
const NAME = /^[\w-]{22}$/;

/** @throws NmpError HANDOVER_REFUSED for what is no name */
function bytesOf(name: string): Uint8Array {
  const bytes = Uint8Array.from(Buffer.from(name, 'base64url'));
  if (!NAME.test(name) || bytes.length !== BOX_BYTES || toBase64Url(bytes) !== name) {
    throw new NmpError('HANDOVER_REFUSED', 'The name is not 16 bytes in base64url.');
  }
  return bytes;
}

/** Passes what one side says on, until the run is over. */
async function sort(box: Box, frames: BoxFrames, from: string, signal: AbortSignal) {
  try {
    for (;;) {
      const message = openBoxMessage(await box.next(signal));
      if (message?.from === from) frames.push(message.frame);
    }
  } catch {
    frames.abort(new NmpError('CONNECTION_LOST'));
  }
}

/**
 * Waits for heirs, one after another, until one has proved that it is an equal.
 * @throws NmpError HANDOVER_REFUSED, HANDOVER_UNCONFIRMED, EGRESS_LEDGER
 */
export async function giveByName(
  components: MutualComponents & { readonly ledger: Ledger; readonly broker: JobBroker },
  init: RendezvousInit & { readonly identity?: Uint8Array | undefined },
  signal: AbortSignal,
): Promise<void> {
  const { broker, ledger } = components;
  const own = bytesOf(init.name);
  const box = broker.open(init.name);
  try {
    for (;;) {
      const message = openBoxMessage(await box.next(signal));
      if (message === undefined) continue;
      const frames = new BoxFrames(broker, own, message.from);
      frames.push(message.frame);
      const over = new AbortController();
      void sort(box, frames, message.from, AbortSignal.any([signal, over.signal]));
      try {
        const bounded = AbortSignal.any([signal, AbortSignal.timeout(RUN_TIMEOUT_MS)]);
        return await giveOver(components, init, frames, bounded);
      } catch (error) {
        // Given up means that there is no second heir; else the next may be the right one.
        if (ledger.given || signal.aborted) throw error;
      } finally {
        over.abort();
      }
    }
  } finally {
    box.close();
  }
}

/** @throws NmpError HANDOVER_REFUSED, ATTESTATION_*, what `keep` throws */
export async function takeByName(
  components: MutualComponents & { readonly broker: JobBroker },
  init: RendezvousInit,
  keep: (contents: HandoverContents) => Promise<void> | void,
  signal: AbortSignal,
): Promise<void> {
  const { broker, random } = components;
  bytesOf(init.name);
  while (!signal.aborted) {
    const own = Uint8Array.from(random.bytes(BOX_BYTES));
    const box = broker.open(toBase64Url(own));
    const frames = new BoxFrames(broker, own, init.name);
    frames.widen();
    const over = new AbortController();
    const heard = { answer: false };
    const asking = setTimeout(() => {
      if (!heard.answer) frames.abort(new NmpError('TIMEOUT'));
    }, ASK_AGAIN_MS);
    const listening: Box = {
      ...box,
      next: async (until) => {
        const body = await box.next(until);
        heard.answer = true;
        return body;
      },
    };
    void sort(listening, frames, init.name, AbortSignal.any([signal, over.signal]));
    try {
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(RUN_TIMEOUT_MS)]);
      return await takeOver(components, init, frames, keep, bounded);
    } catch (error) {
      if (heard.answer) throw error;
    } finally {
      clearTimeout(asking);
      over.abort();
      box.close();
    }
  }
  throw new NmpError('HANDOVER_REFUSED');
}
