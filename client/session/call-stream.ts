/** One call on one stream: sends a sealed request, waits for the sealed answer. */
import { deriveStreamKeys, type SessionSecrets } from '../../shared/crypto/key-schedule.ts';
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

/**
 * @throws NmpError RECORD_*, FRAME_*, STREAM_TRUNCATED, CONNECTION_LOST, TIMEOUT
 */
export async function exchange(
  components: {
    readonly suite: CryptoSuite;
    readonly frames: FrameChannel;
    readonly clock?: Clock;
  },
  init: CallStreamInit,
  request: Partial<LogicRequest>,
  options: { readonly signal?: AbortSignal; readonly onProgress?: (stage: number) => void } = {},
): Promise<LogicResponse> {
  const keys = deriveStreamKeys(components.suite, init.secrets, init.stream);
  const writer = new RecordWriter(components, { key: keys.clientToNode, stream: init.stream });
  const reader = new RecordReader(components, { key: keys.nodeToClient, stream: init.stream });
  const { signal } = options;
  const { wasmBinary: module = new Uint8Array(0) } = request;
  const apart = module.length >= BODY_FROM_BYTES;
  const head = apart
    ? { ...request, wasmBinary: new Uint8Array(0), moduleBytes: module.length }
    : request;
  try {
    await components.frames.write(init.opener, signal);
    await writer.writeMessage(LogicRequest.encode(head), signal);
    // The node may refuse on the head alone: its answer is read while the module is still going out.
    const sending = apart ? writer.writeBody([module], signal) : Promise.resolve();
    sending.catch(() => undefined);
    const message = await reader.readMessage(RESPONSE_BYTES_MAX, {
      onProgress: options.onProgress ?? (() => undefined),
      ...(signal === undefined ? {} : { signal }),
    });
    await components.frames.close();
    return decodeLogicResponse(message, RESPONSE_BYTES_MAX);
  } finally {
    writer.wipe();
    reader.wipe();
  }
}
