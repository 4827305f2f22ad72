/** One call on one stream: sends a sealed request, waits for the sealed answer. */
import {
  deriveStreamKeys,
  type SessionSecrets,
  type StreamKey,
} from '../../shared/crypto/key-schedule.ts';
import type { CryptoSuite } from '../../shared/crypto/suite.ts';
import type { Clock } from '../../shared/runtime.ts';
import { decodeLogicResponse, LogicRequest, type LogicResponse } from '../../shared/wire/codec.ts';
import { RESPONSE_BYTES_MAX } from '../../shared/wire/constants.ts';
import type { FrameChannel } from '../../shared/wire/frames.ts';
import { RecordReader, RecordWriter } from '../../shared/wire/records.ts';

export interface CallStreamInit {
  readonly secrets: SessionSecrets;
  readonly stream: bigint;
  /** First frame, in clear: M3's opener or that of a later call. */
  readonly opener: Uint8Array;
}

/** A module of this length or more follows the request instead of lying in it, bytes. */
const BODY_FROM_BYTES = 128 * 1024;

interface CallComponents {
  readonly suite: CryptoSuite;
  readonly frames: FrameChannel;
  readonly clock?: Clock;
}

/**
 * Sends the opener and the sealed request; a long module goes out behind it, as `body` tells. The
 * node may refuse on the request alone, so that its answer is to be read meanwhile.
 * @param key of this direction; taken over
 * @throws NmpError FRAME_SIZE, CONNECTION_LOST, TIMEOUT
 */
export async function sendRequest(
  components: CallComponents,
  init: Omit<CallStreamInit, 'secrets'> & { readonly key: StreamKey },
  request: Partial<LogicRequest>,
  signal?: AbortSignal,
): Promise<{ readonly body: Promise<void> }> {
  const writer = new RecordWriter(components, init);
  const { wasmBinary: module = new Uint8Array(0) } = request;
  const apart = module.length >= BODY_FROM_BYTES;
  const head = apart
    ? { ...request, wasmBinary: new Uint8Array(0), moduleBytes: module.length }
    : request;
  try {
    await components.frames.write(init.opener, signal);
    await writer.writeMessage(LogicRequest.encode(head), signal);
  } catch (cause) {
    writer.wipe();
    throw cause;
  }
  const sending = apart ? writer.writeBody([module], signal) : Promise.resolve();
  const body = sending.finally(() => writer.wipe());
  body.catch(() => undefined);
  return { body };
}

/**
 * @throws NmpError RECORD_*, FRAME_*, STREAM_TRUNCATED, CONNECTION_LOST, TIMEOUT
 */
export async function exchange(
  components: CallComponents,
  init: CallStreamInit,
  request: Partial<LogicRequest>,
  options: { readonly signal?: AbortSignal; readonly onProgress?: (stage: number) => void } = {},
): Promise<LogicResponse> {
  const { stream, opener } = init;
  const keys = deriveStreamKeys(components.suite, init.secrets, stream);
  const reader = new RecordReader(components, { key: keys.nodeToClient, stream });
  const { signal } = options;
  try {
    await sendRequest(components, { key: keys.clientToNode, stream, opener }, request, signal);
    const message = await reader.readMessage(RESPONSE_BYTES_MAX, {
      onProgress: options.onProgress ?? (() => undefined),
      ...(signal === undefined ? {} : { signal }),
    });
    await components.frames.close();
    return decodeLogicResponse(message, RESPONSE_BYTES_MAX);
  } finally {
    reader.wipe();
  }
}
