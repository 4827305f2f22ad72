/** Length-prefixed frames on a stream, the only thing the protocol needs of its transport. */
import type { Stream } from '@libp2p/interface';
import { Uint8ArrayList } from 'uint8arraylist';
import { concat, equalBytes } from '../bytes.ts';
import { NmpError } from '../errors.ts';
import { FRAME_BYTES_MAX } from './constants.ts';
import { MULTISTREAM, multistreamMessage } from './multistream.ts';

export interface FrameChannel {
  /** @throws NmpError FRAME_SIZE, CONNECTION_LOST, TIMEOUT */
  read(signal?: AbortSignal): Promise<Uint8Array>;
  /** The same in the parts in which it came, so that a long frame is not copied to join them. */
  readList(signal?: AbortSignal): Promise<Uint8ArrayList>;
  /**
   * Writes one frame, given in one part or several. Resolves when the transport took it; waits
   * while the transport is full.
   * @throws NmpError FRAME_SIZE, CONNECTION_LOST, TIMEOUT
   */
  write(frame: Uint8Array | readonly Uint8Array[], signal?: AbortSignal): Promise<void>;
  /** Ends our side in order. */
  close(): Promise<void>;
  /** Ends both sides at once. */
  abort(reason: Error): void;
}

/** A stream is paused when this much of it waits to be read, so that its sender waits too. */
const PAUSE_BYTES = 2 * FRAME_BYTES_MAX;
/** A first part of this length is copied behind the prefix. */
const SMALL_BYTES = 64;
/** Length prefix of the longest frame, bytes. */
const PREFIX_BYTES_MAX = 3;

function transportError(cause: unknown, signal?: AbortSignal): NmpError {
  if (cause instanceof NmpError) return cause;
  if (signal?.aborted) {
    return signal.reason instanceof NmpError
      ? signal.reason
      : new NmpError('TIMEOUT', undefined, { cause });
  }
  return new NmpError('CONNECTION_LOST', undefined, { cause });
}

/** Unsigned varint, shortest form. */
function prefixOf(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  if (length < 0x4000) return Uint8Array.of((length & 0x7f) | 0x80, length >> 7);
  return Uint8Array.of((length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14);
}

class StreamFrames implements FrameChannel {
  readonly #stream: Stream;
  readonly #received = new Uint8ArrayList();
  /** Sent in front of the first frame, with it. */
  #opening: readonly Uint8Array[];
  /** Frames that must come first; they are compared and not passed on. */
  readonly #expected: Uint8Array[];
  #paused = false;
  #resuming = false;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(stream: Stream, eager?: string) {
    this.#stream = stream;
    const negotiation =
      eager === undefined ? [] : [multistreamMessage(MULTISTREAM), multistreamMessage(eager)];
    this.#opening = negotiation;
    this.#expected = negotiation.map((message) => message.subarray(1));
    const end = () => {
      this.#ended = true;
      this.#wake?.();
    };
    stream.addEventListener('message', ({ data }) => {
      this.#received.append(data);
      if (!this.#resuming) this.#pauseIfFull();
      this.#wake?.();
    });
    stream.addEventListener('remoteCloseWrite', end);
    stream.addEventListener('close', end);
  }

  async read(signal?: AbortSignal): Promise<Uint8Array> {
    const bytes = (await this.readList(signal)).subarray();
    // A Buffer of node:net has another `slice`; nobody behind this shall see one.
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  async readList(signal?: AbortSignal): Promise<Uint8ArrayList> {
    // A protocol in which the node speaks first: the proposal goes alone.
    if (this.#opening.length > 0) await this.#send([], signal);
    for (;;) {
      const frame = await this.#next(signal);
      const expected = this.#expected.shift();
      if (expected === undefined) return frame;
      if (!equalBytes(frame.subarray(), expected)) throw new NmpError('HANDSHAKE_REFUSED');
    }
  }

  async write(frame: Uint8Array | readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
    const parts = frame instanceof Uint8Array ? [frame] : frame;
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (length > FRAME_BYTES_MAX) throw new NmpError('FRAME_SIZE');
    // The transport walks a list of parts more than once: keep it short.
    const [first = new Uint8Array(0), ...rest] = parts;
    const small = first.length <= SMALL_BYTES;
    const head = small ? [concat(prefixOf(length), first)] : [prefixOf(length), first];
    await this.#send([...head, ...rest], signal);
  }

  async close(): Promise<void> {
    try {
      await this.#stream.close();
    } catch (cause) {
      throw transportError(cause);
    }
  }

  abort(reason: Error): void {
    this.#stream.abort(reason);
  }

  async #send(parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
    const opening = this.#opening;
    this.#opening = [];
    try {
      signal?.throwIfAborted();
      if (!this.#stream.send(new Uint8ArrayList(...opening, ...parts))) await this.#drain(signal);
    } catch (cause) {
      throw transportError(cause, signal);
    }
  }

  /**
   * Waits while the transport is full. libp2p's own `onDrain` answers at once after its first
   * drain (@libp2p/utils 7.4.1 keeps the settled promise), so that a writer would never wait again.
   */
  async #drain(signal?: AbortSignal): Promise<void> {
    const stream = this.#stream;
    while (stream.writableNeedsDrain || stream.writeBufferLength > PAUSE_BYTES) {
      if (stream.status !== 'open') throw new NmpError('CONNECTION_LOST');
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const onAbort = () => reject(transportError(signal?.reason, signal));
      const events = ['drain', 'idle', 'close'] as const;
      for (const event of events) stream.addEventListener(event, resolve, { once: true });
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        await promise;
      } finally {
        for (const event of events) stream.removeEventListener(event, resolve);
        signal?.removeEventListener('abort', onAbort);
      }
    }
  }

  async #next(signal?: AbortSignal): Promise<Uint8ArrayList> {
    for (;;) {
      const frame = this.#take();
      if (frame !== undefined) return frame;
      // A part of a frame waits for its rest, which a paused stream would not let through.
      this.#resume();
      // What came before the end may still be read, so the end is looked at last.
      if (this.#ended && this.#stream.readBufferLength === 0) {
        throw new NmpError('CONNECTION_LOST');
      }
      await this.#change(signal);
    }
  }

  /** Resolves at the next event of the stream. */
  async #change(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) throw transportError(signal.reason, signal);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => reject(transportError(signal?.reason, signal));
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#wake = resolve;
    try {
      await promise;
    } finally {
      this.#wake = undefined;
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** The next whole frame, or undefined. */
  #take(): Uint8ArrayList | undefined {
    let length = 0;
    let prefix = 0;
    for (let more = true; more; prefix++) {
      if (prefix === PREFIX_BYTES_MAX) throw new NmpError('FRAME_SIZE');
      if (prefix === this.#received.byteLength) return undefined;
      const byte = this.#received.get(prefix);
      length |= (byte & 0x7f) << (7 * prefix);
      more = byte >= 0x80;
      // A last byte of zero is a longer form of a shorter number.
      if (byte === 0 && prefix > 0) throw new NmpError('FRAME_SIZE');
    }
    if (length > FRAME_BYTES_MAX) throw new NmpError('FRAME_SIZE');
    if (this.#received.byteLength < prefix + length) return undefined;
    const frame = this.#received.sublist(prefix, prefix + length);
    this.#received.consume(prefix + length);
    if (this.#received.byteLength < FRAME_BYTES_MAX) this.#resume();
    return frame;
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#stream.readStatus !== 'paused') return;
    // A pause from within resume() would be undone by yamux, which then lets the sender run on.
    this.#resuming = true;
    this.#stream.resume();
    this.#resuming = false;
    this.#pauseIfFull();
  }

  #pauseIfFull(): void {
    if (this.#paused || this.#received.byteLength <= PAUSE_BYTES) return;
    if (this.#stream.readStatus !== 'readable') return;
    this.#paused = true;
    this.#stream.pause();
  }
}

/** Frames with an unsigned varint length in front on a negotiated libp2p stream. */
export function libp2pFrames(stream: Stream): FrameChannel {
  return new StreamFrames(stream);
}

/**
 * The same on a stream whose protocol is not negotiated yet: the proposal leaves with the first
 * frame. A node that does not accept it fails the first read with HANDSHAKE_REFUSED.
 */
export function eagerFrames(stream: Stream, protocol: string): FrameChannel {
  return new StreamFrames(stream, protocol);
}
