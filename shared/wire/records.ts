/**
 * Sealed records: AES-256-GCM under the key of one stream and direction, with a counter nonce.
 * A record that was changed, dropped, repeated or moved fails its tag, and the stream ends.
 */
import { concat, u64be, utf8 } from '../bytes.ts';
import type { StreamKey } from '../crypto/key-schedule.ts';
import { AES_GCM, type CryptoSuite } from '../crypto/suite.ts';
import { ERROR_CODES, type ErrorCode, NmpError } from '../errors.ts';
import { RECORD_BYTES_MAX, STREAM_RECORDS_MAX } from './constants.ts';
import type { FrameChannel } from './frames.ts';

/** First byte of a record, in clear and authenticated. */
export const RECORD = {
  /** A part of a message; more follow. */
  data: 1,
  /** The last part of a message. */
  end: 2,
  /** The node is still at work: one byte stage number, nothing of the guest. */
  progress: 3,
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

function nonceOf(iv: Uint8Array, sequence: number): Uint8Array {
  const nonce = Uint8Array.from(iv);
  const counter = u64be(BigInt(sequence));
  // RFC 8446, section 5.3: the sequence number, left-padded, XOR the IV.
  for (let i = 0; i < 8; i++) nonce[4 + i] = (nonce[4 + i] ?? 0) ^ (counter[i] ?? 0);
  return nonce;
}

function aadOf(stream: bigint, sequence: number, type: number): Uint8Array {
  return concat(u64be(stream), u64be(BigInt(sequence)), Uint8Array.of(type));
}

/** Seals what goes out on one stream. */
export class RecordWriter {
  readonly #components: { readonly suite: CryptoSuite; readonly frames: FrameChannel };
  readonly #key: StreamKey;
  readonly #stream: bigint;
  #sequence = 0;

  constructor(
    components: { readonly suite: CryptoSuite; readonly frames: FrameChannel },
    init: { readonly key: StreamKey; readonly stream: bigint },
  ) {
    this.#components = components;
    this.#key = init.key;
    this.#stream = init.stream;
  }

  /** @param plaintext at most `RECORD_BYTES_MAX` bytes */
  async write(type: RecordType, plaintext: Uint8Array, signal?: AbortSignal): Promise<void> {
    if (this.#sequence >= STREAM_RECORDS_MAX || plaintext.length > RECORD_BYTES_MAX) {
      throw new NmpError('FRAME_SIZE');
    }
    const sequence = this.#sequence++;
    const { suite, frames } = this.#components;
    const sealed = suite.seal(
      this.#key.key,
      nonceOf(this.#key.iv, sequence),
      aadOf(this.#stream, sequence, type),
      plaintext,
    );
    await frames.write(concat(Uint8Array.of(type), sealed), signal);
  }

  /** Writes `message` as records, the last one of type `end`. */
  async writeMessage(message: Uint8Array, signal?: AbortSignal): Promise<void> {
    let at = 0;
    for (; message.length - at > RECORD_BYTES_MAX; at += RECORD_BYTES_MAX) {
      await this.write(RECORD.data, message.subarray(at, at + RECORD_BYTES_MAX), signal);
    }
    await this.write(RECORD.end, message.subarray(at), signal);
  }
}

/** Opens what comes in on one stream. */
export class RecordReader {
  readonly #components: { readonly suite: CryptoSuite; readonly frames: FrameChannel };
  readonly #key: StreamKey;
  readonly #stream: bigint;
  #sequence = 0;

  constructor(
    components: { readonly suite: CryptoSuite; readonly frames: FrameChannel },
    init: { readonly key: StreamKey; readonly stream: bigint },
  ) {
    this.#components = components;
    this.#key = init.key;
    this.#stream = init.stream;
  }

  /** @throws NmpError RECORD_TAG, RECORD_TYPE, FRAME_SIZE, CONNECTION_LOST, TIMEOUT */
  async read(signal?: AbortSignal): Promise<{ type: RecordType; plaintext: Uint8Array }> {
    const frame = await this.#components.frames.read(signal);
    if (frame[0] === REFUSED && frame.length <= REFUSED_BYTES_MAX) {
      throw refusedError(String.fromCharCode(...frame.subarray(1)));
    }
    if (frame.length < 1 + AES_GCM.tag || this.#sequence >= STREAM_RECORDS_MAX) {
      throw new NmpError('FRAME_SIZE');
    }
    const type = frame[0];
    if (type !== RECORD.data && type !== RECORD.end && type !== RECORD.progress) {
      throw new NmpError('RECORD_TYPE');
    }
    const sequence = this.#sequence++;
    const plaintext = this.#components.suite.open(
      this.#key.key,
      nonceOf(this.#key.iv, sequence),
      aadOf(this.#stream, sequence, type),
      frame.subarray(1),
    );
    return { type, plaintext };
  }

  /**
   * Reads records up to one of type `end` and returns the message.
   * @throws NmpError FRAME_SIZE beyond `maxBytes`; STREAM_TRUNCATED if the stream ends before
   */
  async readMessage(
    maxBytes: number,
    options: { readonly signal?: AbortSignal; readonly onProgress?: (stage: number) => void } = {},
  ): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const { type, plaintext } = await this.read(options.signal).catch((cause: unknown) => {
        if (cause instanceof NmpError && cause.code === 'CONNECTION_LOST' && parts.length > 0) {
          throw new NmpError('STREAM_TRUNCATED', undefined, { cause });
        }
        throw cause;
      });
      if (type === RECORD.progress) {
        if (options.onProgress === undefined || plaintext.length !== 1) {
          throw new NmpError('RECORD_TYPE');
        }
        options.onProgress(plaintext[0] ?? 0);
        continue;
      }
      length += plaintext.length;
      if (length > maxBytes) throw new NmpError('FRAME_SIZE');
      parts.push(plaintext);
      if (type === RECORD.end) return parts.length === 1 ? plaintext : concat(...parts);
    }
  }
}
