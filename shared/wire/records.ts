/**
 * Sealed records: AES-256-GCM under the key of one stream and direction, with a counter nonce.
 * A record that was changed, dropped, repeated or moved fails its tag, and the stream ends.
 */
import { concat, u64be, utf8 } from '../bytes.ts';
import type { StreamKey } from '../crypto/key-schedule.ts';
import { AES_GCM, type Aead, type CryptoSuite } from '../crypto/suite.ts';
import { ERROR_CODES, type ErrorCode, NmpError } from '../errors.ts';
import { RECORD_BYTES_MAX, RECORD_CHUNK_BYTES, STREAM_RECORDS_MAX } from './constants.ts';
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

/** Writes an unsigned number below 2^53 as eight bytes, big-endian. */
function putU64(target: Uint8Array, at: number, value: number): void {
  let rest = value;
  for (let i = at + 7; i >= at; i--) {
    target[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

function nonceOf(iv: Uint8Array, sequence: number): Uint8Array {
  const nonce = new Uint8Array(AES_GCM.nonce);
  putU64(nonce, 4, sequence);
  // RFC 8446, section 5.3: the sequence number, left-padded, XOR the IV.
  for (let i = 0; i < nonce.length; i++) nonce[i] = (nonce[i] ?? 0) ^ (iv[i] ?? 0);
  return nonce;
}

function aadOf(stream: Uint8Array, sequence: number, type: number): Uint8Array {
  const aad = new Uint8Array(17);
  aad.set(stream);
  putU64(aad, 8, sequence);
  aad[16] = type;
  return aad;
}

/** Seals what goes out on one stream. */
export class RecordWriter {
  readonly #frames: FrameChannel;
  readonly #aead: Aead;
  readonly #iv: Uint8Array;
  readonly #stream: Uint8Array;
  #sequence = 0;

  constructor(
    components: { readonly suite: CryptoSuite; readonly frames: FrameChannel },
    init: { readonly key: StreamKey; readonly stream: bigint },
  ) {
    this.#frames = components.frames;
    this.#aead = components.suite.aead(init.key.key);
    this.#iv = init.key.iv;
    this.#stream = u64be(init.stream);
  }

  /** @param plaintext at most `RECORD_BYTES_MAX` bytes */
  async write(type: RecordType, plaintext: Uint8Array, signal?: AbortSignal): Promise<void> {
    if (this.#sequence >= STREAM_RECORDS_MAX || plaintext.length > RECORD_BYTES_MAX) {
      throw new NmpError('FRAME_SIZE');
    }
    const sequence = this.#sequence++;
    const sealed = this.#aead.seal(
      nonceOf(this.#iv, sequence),
      aadOf(this.#stream, sequence, type),
      plaintext,
    );
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
}

/** Opens what comes in on one stream. */
export class RecordReader {
  readonly #frames: FrameChannel;
  readonly #aead: Aead;
  readonly #iv: Uint8Array;
  readonly #stream: Uint8Array;
  #sequence = 0;

  constructor(
    components: { readonly suite: CryptoSuite; readonly frames: FrameChannel },
    init: { readonly key: StreamKey; readonly stream: bigint },
  ) {
    this.#frames = components.frames;
    this.#aead = components.suite.aead(init.key.key);
    this.#iv = init.key.iv;
    this.#stream = u64be(init.stream);
  }

  /**
   * @returns type and plaintext, in the parts in which it came
   * @throws NmpError RECORD_TAG, RECORD_TYPE, FRAME_SIZE, CONNECTION_LOST, TIMEOUT
   */
  async read(
    signal?: AbortSignal,
  ): Promise<{ readonly type: RecordType; readonly plaintext: readonly Uint8Array[] }> {
    const frame = await this.#frames.readList(signal);
    const length = frame.byteLength;
    if (length > 0 && frame.get(0) === REFUSED && length <= REFUSED_BYTES_MAX) {
      throw refusedError(String.fromCharCode(...frame.subarray(1)));
    }
    if (length < 1 + AES_GCM.tag || this.#sequence >= STREAM_RECORDS_MAX) {
      throw new NmpError('FRAME_SIZE');
    }
    const type = frame.get(0);
    if (type !== RECORD.data && type !== RECORD.end && type !== RECORD.progress) {
      throw new NmpError('RECORD_TYPE');
    }
    const sequence = this.#sequence++;
    const plaintext = this.#aead.open(
      nonceOf(this.#iv, sequence),
      aadOf(this.#stream, sequence, type),
      frame.sublist(1, length - AES_GCM.tag),
      frame.subarray(length - AES_GCM.tag),
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
        const stage = concat(...plaintext);
        if (options.onProgress === undefined || stage.length !== 1) {
          throw new NmpError('RECORD_TYPE');
        }
        options.onProgress(stage[0] ?? 0);
        continue;
      }
      for (const part of plaintext) length += part.length;
      if (length > maxBytes) throw new NmpError('FRAME_SIZE');
      parts.push(...plaintext);
      if (type === RECORD.end) return concat(...parts);
    }
  }
}
