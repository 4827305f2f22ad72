/** One call on one stream: sends a sealed request, waits for the sealed answer. */
import { deriveStreamKeys, type SessionSecrets } from '../../shared/crypto/key-schedule.ts';
import type { CryptoSuite } from '../../shared/crypto/suite.ts';
import { decodeLogicResponse, type LogicResponse } from '../../shared/wire/codec.ts';
import { RESPONSE_BYTES_MAX } from '../../shared/wire/constants.ts';
import type { FrameChannel } from '../../shared/wire/frames.ts';
import { RecordReader, RecordWriter } from '../../shared/wire/records.ts';

export interface CallStreamInit {
  readonly secrets: SessionSecrets;
  readonly stream: bigint;
  /** First frame, in clear: M3's opener or that of a later call. */
  readonly opener: Uint8Array;
}

/**
 * @param request encoded `LogicRequest`
 * @throws NmpError RECORD_*, FRAME_*, STREAM_TRUNCATED, CONNECTION_LOST, TIMEOUT
 */
export async function exchange(
  components: { readonly suite: CryptoSuite; readonly frames: FrameChannel },
  init: CallStreamInit,
  request: Uint8Array,
  options: { readonly signal?: AbortSignal; readonly onProgress?: (stage: number) => void } = {},
): Promise<LogicResponse> {
  const keys = deriveStreamKeys(components.suite, init.secrets, init.stream);
  const writer = new RecordWriter(components, { key: keys.clientToNode, stream: init.stream });
  const reader = new RecordReader(components, { key: keys.nodeToClient, stream: init.stream });
  await components.frames.write(init.opener, options.signal);
  await writer.writeMessage(request, options.signal);
  const message = await reader.readMessage(RESPONSE_BYTES_MAX, {
    onProgress: options.onProgress ?? (() => undefined),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  await components.frames.close();
  return decodeLogicResponse(message, RESPONSE_BYTES_MAX);
}
