/**
 * A channel of frames between two boxes. Each message is the name of the box that answers are for (16
 * bytes) and one frame; whoever owns the box sorts them by that name.
 */
import { Uint8ArrayList } from 'uint8arraylist';
import { concat, toBase64Url } from '../../../shared/bytes.ts';
import { NmpError } from '../../../shared/errors.ts';
import { FRAME_BYTES_MAX } from '../../../shared/wire/constants.ts';
import type { FrameChannel } from '../../../shared/wire/frames.ts';
import type { BoxName, JobBroker } from './broker.ts';
import { Inbox } from './inbox.ts';

export const BOX_BYTES = 16;
/** Of a sender that may be anybody: the longest message of a mutual attestation, and some more. */
const UNPROVED_BYTES_MAX = 2 * FRAME_BYTES_MAX;
/** A receipt or a request of 8 MiB in frames, and some more. */
const PROVED_BYTES_MAX = 10 * 1024 * 1024;

export interface BoxMessage {
  /** Box of the sender. */
  readonly from: BoxName;
  readonly frame: Uint8Array;
}

/** Undefined for what is no message; whoever made it is not answered. */
export function openBoxMessage(body: Uint8Array): BoxMessage | undefined {
  if (body.length < BOX_BYTES || body.length > BOX_BYTES + FRAME_BYTES_MAX) return undefined;
  return { from: toBase64Url(body.subarray(0, BOX_BYTES)), frame: body.subarray(BOX_BYTES) };
}

export class BoxFrames implements FrameChannel {
  readonly #broker: Pick<JobBroker, 'send'>;
  readonly #own: Uint8Array;
  readonly #to: BoxName;
  readonly #inbox = new Inbox(UNPROVED_BYTES_MAX);

  /** @param own bytes of the name of the own box */
  constructor(broker: Pick<JobBroker, 'send'>, own: Uint8Array, to: BoxName) {
    this.#broker = broker;
    this.#own = own;
    this.#to = to;
  }

  /** A frame that came from the other side. */
  push(frame: Uint8Array): void {
    this.#inbox.push(frame);
  }

  /** From now on whole requests or receipts may wait. */
  widen(): void {
    this.#inbox.widen(PROVED_BYTES_MAX);
  }

  read(signal: AbortSignal = new AbortController().signal): Promise<Uint8Array> {
    return this.#inbox.next(signal);
  }

  async readList(signal?: AbortSignal): Promise<Uint8ArrayList> {
    return new Uint8ArrayList(await this.read(signal));
  }

  async write(frame: Uint8Array | readonly Uint8Array[]): Promise<void> {
    const parts = frame instanceof Uint8Array ? [frame] : frame;
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (length > FRAME_BYTES_MAX) throw new NmpError('FRAME_SIZE');
    this.#broker.send(this.#to, concat(this.#own, ...parts));
  }

  async close(): Promise<void> {
    this.abort(new NmpError('CONNECTION_LOST'));
  }

  abort(reason: Error): void {
    this.#inbox.end(reason instanceof NmpError ? reason : new NmpError('CONNECTION_LOST'));
  }
}
