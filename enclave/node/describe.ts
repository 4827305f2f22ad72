/** Serves `/nmp/describe/1.0.0`: the signed node record, in frames behind its length. */
import { concat } from '../../shared/bytes.ts';
import { FRAME_BYTES_MAX } from '../../shared/wire/constants.ts';
import type { FrameChannel } from '../../shared/wire/frames.ts';

/** Writes u32 big-endian length, then the record in frames. */
export async function serveRecord(
  record: Uint8Array,
  frames: FrameChannel,
  signal: AbortSignal,
): Promise<void> {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, record.length);
  const bytes = concat(length, record);
  for (let at = 0; at < bytes.length; at += FRAME_BYTES_MAX) {
    await frames.write(bytes.subarray(at, at + FRAME_BYTES_MAX), signal);
  }
  await frames.close();
}
