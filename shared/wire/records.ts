/**
 * Sealed records: AES-256-GCM under the key of one stream and direction, with a counter nonce.
 * A record that was changed, dropped, repeated or moved fails its tag, and the stream ends.
 */
import { concat, utf8 } from '../bytes.ts';
import type { StreamKey } from '../crypto/key-schedule.ts';
import { AES_GCM, type CryptoSuite } from '../crypto/suite.ts';
import { ERROR_CODES, type ErrorCode, NmpError } from '../errors.ts';
import type { Clock } from '../runtime.ts';
import { RECORD_BYTES_MAX, RECORD_CHUNK_BYTES } from './constants.ts';
import type { FrameChannel } from './frames.ts';
import { type KeyLimits, RecordKey } from './record-key.ts';

/** First byte of a record, in clear and authenticated. */
export const RECORD = {
  /** A part of a message; more follow. */
  data: 1,
  /** The last part of a message. */
  end: 2,
  /** The node is still at work: one byte stage number, nothing of the guest. */
  progress: 3,
  /** Empty: the next record of this direction is under the next key. */
  rekey: 4,
} as const;

/**
 * First byte of a frame that refuses a stream before it has keys: the ASCII error code follows.
 * It is not sealed, so it can only end a call, never answer one.
 */
const REFUSED = 0;
const REFUSED_BYTES_MAX = 64;

export function refusedFrame(code: ErrorCode): Uint8Array {
  return concat(Uint8Array.of(REFUSED), utf8(code));
}

/** The error behind a refusing frame; only our codes are passed on, and no other text. */
export function refusedError(code: string): NmpError {
  const known = Object.hasOwn(ERROR_CODES, code);
  return new NmpError(known ? (code as ErrorCode) : 'HANDSHAKE_REFUSED');
}

export type RecordType = (typeof RECORD)[keyof typeof RECORD];

function isRecordType(type: number | undefined): type is RecordType {
  return type !== undefined && type >= RECORD.data && type <= RECORD.rekey;
}

export interface RecordComponents {
  readonly suite: CryptoSuite;
  readonly frames: FrameChannel;
  /** Without it keys are replaced by number and size of records only. */
  readonly clock?: Clock;
}

export interface RecordInit {
  /** Taken over: wiped by `wipe`. */
  readonly key: StreamKey;
  readonly stream: bigint;
  readonly limits?: KeyLimits;
}

/** Seals what goes out on one stream. */
export class RecordWriter {
  readonly #frames: FrameChannel;
  readonly #clock: Clock | undefined;
  readonly #key: RecordKey;
  #keySinceMs: number;

  constructor(components: RecordComponents, init: RecordInit) {
    this.#frames = components.frames;
    this.#clock = components.clock;
    this.#key = new RecordKey(components.suite, init);
    this.#keySinceMs = this.#now();
  }

  /**
   * @param plaintext at most `RECORD_BYTES_MAX` bytes
   * @throws NmpError FRAME_SIZE, SESSION_UNKNOWN after `wipe`, CONNECTION_LOST, TIMEOUT
   */
  async write(type: RecordType, plaintext: Uint8Array, signal?: AbortSignal): Promise<void> {
    if (plaintext.length > RECORD_BYTES_MAX) throw new NmpError('FRAME_SIZE');
    if (this.#key.wiped) throw new NmpError('SESSION_UNKNOWN');
    // One record is left for the announcement itself.
    if (this.#key.worn(plaintext.length, this.#now() - this.#keySinceMs)) {
      const announcement = this.#key.seal(RECORD.rekey, new Uint8Array(0));
      this.#key.advance();
      this.#keySinceMs = this.#now();
      // Not awaited before the next record is sealed: order on the wire is order of writing.
      void this.#frames.write([Uint8Array.of(RECORD.rekey), ...announcement], signal).catch(() => {
        // The write of the record itself reports the same failure.
      });
    }
    const sealed = this.#key.seal(type, plaintext);
    await this.#frames.write([Uint8Array.of(type), ...sealed], signal);
  }

  /** Writes `message` as records, the last one of type `end`. */
  async writeMessage(message: Uint8Array, signal?: AbortSignal): Promise<void> {
    let at = 0;
    for (; message.length - at > RECORD_CHUNK_BYTES; at += RECORD_CHUNK_BYTES) {
      await this.write(RECORD.data, message.subarray(at, at + RECORD_CHUNK_BYTES), signal);
    }
    await this.write(RECORD.end, message.subarray(at), signal);
  }

  /** Writes a body of any length piece by piece, no faster than the other side reads it. */
  async writeBody(
    body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<void> {
    for await (const piece of body) {
      for (let at = 0; at < piece.length; at += RECORD_CHUNK_BYTES) {
        await this.write(RECORD.data, piece.subarray(at, at + RECORD_CHUNK_BYTES), signal);
      }
    }
    await this.write(RECORD.end, new Uint8Array(0), signal);
  }

  /** Forgets the keys. */
  wipe(): void {
    this.#key.wipe();
  }

  #now(): number {
    return this.#clock?.monotonicMs() ?? 0;
  }
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (stage: number) => void;
}

/** Opens what comes in on one stream. */
export class RecordReader {
  readonly #frames: FrameChannel;
  readonly #key: RecordKey;

  constructor(components: RecordComponents, init: RecordInit) {
    this.#frames = components.frames;
    this.#key = new RecordKey(components.suite, init);
  }

  /**
   * @returns type and plaintext, in the parts in which it came; never of type `rekey`
   * @throws NmpError RECORD_TAG, RECORD_TYPE, RECORD_REKEY, FRAME_SIZE, CONNECTION_LOST, TIMEOUT
   */
  async read(
    signal?: AbortSignal,
  ): Promise<{ readonly type: RecordType; readonly plaintext: readonly Uint8Array[] }> {
    for (;;) {
      const record = await this.#open(signal);
      if (record.type !== RECORD.rekey) return record;
      // A key that served nothing is not worn: whoever changes it only burns our time.
      if (record.length !== 0 || this.#key.served < 2) throw new NmpError('RECORD_TYPE');
      this.#key.advance();
    }
  }

  /**
   * Reads records up to one of type `end` and returns the message.
   * @throws NmpError FRAME_SIZE beyond `maxBytes`; STREAM_TRUNCATED if the stream ends before
   */
  async readMessage(maxBytes: number, options: ReadOptions = {}): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const part of this.readBody(maxBytes, options)) parts.push(part);
    return concat(...parts);
  }

  /**
   * The same piece by piece: nothing is read ahead of what is asked for.
   * @throws NmpError as `readMessage`; whoever stops early must end the stream
   */
  async *readBody(maxBytes: number, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    let length = 0;
    for (;;) {
      const { type, plaintext } = await this.read(options.signal).catch((cause: unknown) => {
        if (cause instanceof NmpError && cause.code === 'CONNECTION_LOST' && length > 0) {
          throw new NmpError('STREAM_TRUNCATED', undefined, { cause });
        }
        throw cause;
      });
      if (type === RECORD.progress) {
        const stage = concat(...plaintext);
        if (options.onProgress === undefined || stage.length !== 1) {
          throw new NmpError('RECORD_TYPE');
        }
        options.onProgress(stage[0] ?? 0);
        continue;
      }
      for (const part of plaintext) length += part.length;
      if (length > maxBytes) throw new NmpError('FRAME_SIZE');
      yield* plaintext;
      if (type === RECORD.end) return;
    }
  }

  /** Forgets the keys. */
  wipe(): void {
    this.#key.wipe();
  }

  async #open(signal?: AbortSignal) {
    const frame = await this.#frames.readList(signal);
    if (frame.byteLength > 0 && frame.get(0) === REFUSED && frame.byteLength <= REFUSED_BYTES_MAX) {
      throw refusedError(String.fromCharCode(...frame.subarray(1)));
    }
    const length = frame.byteLength - 1 - AES_GCM.tag;
    if (length < 0) throw new NmpError('FRAME_SIZE');
    const type = frame.get(0);
    if (!isRecordType(type)) throw new NmpError('RECORD_TYPE');
    if (this.#key.wiped) throw new NmpError('SESSION_UNKNOWN');
    // The announcement of the next key is the one record that a worn key still serves.
    if (type !== RECORD.rekey && this.#key.worn(length)) throw new NmpError('RECORD_REKEY');
    const ciphertext = frame.sublist(1, 1 + length);
    const tag = frame.subarray(1 + length);
    return { type, length, plaintext: this.#key.open(type, { ciphertext, length }, tag) };
  }
}
