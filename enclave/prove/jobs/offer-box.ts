/** The node's side of one offer: sorts what comes into its box by prover, and lets one at it. */
import { concat, toBase64Url } from '../../../shared/bytes.ts';
import { NmpError } from '../../../shared/errors.ts';
import type { Random } from '../../../shared/runtime.ts';
import { refusedFrame } from '../../../shared/wire/records.ts';
import { NONCE_BYTES } from '../../attest/mutual.ts';
import { BOX_BYTES, BoxFrames, openBoxMessage } from './box-frames.ts';
import type { Box, BoxName, JobBroker } from './broker.ts';
import { encodeOffer } from './offer.ts';

/** Provers heard on one offer; further ones are not answered. */
const BIDS_MAX = 32;
const WAITING_MAX = 4;

export class OfferBox {
  readonly nonce: Uint8Array;
  /** As it was offered. */
  readonly offer: Uint8Array;
  readonly #broker: JobBroker;
  readonly #own: Uint8Array;
  readonly #box: Box;
  readonly #closed = new AbortController();
  readonly #bids = new Map<BoxName, BoxFrames>();
  #waiting: BoxFrames[] = [];
  #wake: (() => void) | undefined;
  #busy = false;

  constructor({ broker, random }: { broker: JobBroker; random: Random }, segments: number) {
    this.#broker = broker;
    this.#own = Uint8Array.from(random.bytes(BOX_BYTES));
    this.nonce = Uint8Array.from(random.bytes(NONCE_BYTES));
    this.offer = encodeOffer(this.#own, this.nonce, segments);
    this.#box = broker.open(toBase64Url(this.#own));
    void this.#sort();
    broker.offer(this.#box.name, this.offer);
  }

  /** The next prover that bids; others are told to come again until `free`. @throws NmpError TIMEOUT */
  async bid(signal: AbortSignal): Promise<BoxFrames> {
    for (;;) {
      const frames = this.#waiting.shift();
      if (frames !== undefined) {
        this.#busy = true;
        for (const other of this.#waiting.splice(0)) this.#refuse(other);
        return frames;
      }
      if (signal.aborted) throw new NmpError('TIMEOUT');
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const onAbort = () => resolve();
      signal.addEventListener('abort', onAbort, { once: true });
      await promise;
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** The one that was let at it is done for. */
  free(): void {
    this.#busy = false;
  }

  close(): void {
    this.#closed.abort();
    this.#box.close();
    for (const frames of this.#bids.values()) frames.abort(new NmpError('CONNECTION_LOST'));
  }

  #refuse(frames: BoxFrames): void {
    void frames.write(refusedFrame('RECEIPT_BUSY')).catch(() => undefined);
  }

  async #sort(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      let body: Uint8Array;
      try {
        body = await this.#box.next(signal);
      } catch {
        // Closed or flooded: provers are silent from now on, and the job is offered anew.
        return;
      }
      const message = openBoxMessage(body);
      if (message !== undefined) this.#take(message.from, message.frame);
    }
  }

  #take(from: BoxName, frame: Uint8Array): void {
    const known = this.#bids.get(from);
    if (known !== undefined) {
      known.push(frame);
      return;
    }
    if (this.#bids.size >= BIDS_MAX) return;
    if (this.#busy || this.#waiting.length >= WAITING_MAX) {
      this.#broker.send(from, concat(this.#own, refusedFrame('RECEIPT_BUSY')));
      return;
    }
    const frames = new BoxFrames(this.#broker, this.#own, from);
    frames.push(frame);
    this.#bids.set(from, frames);
    this.#waiting.push(frames);
    this.#wake?.();
  }
}
