/** Reads a node record: u32 big-endian length, then the record, in frames. */
import { concat } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import type { FrameChannel } from '../../shared/wire/frames.ts';
import { NODE_RECORD_BYTES_MAX } from '../../shared/wire/node-record.ts';

/** Ends the stream, in order or not. @throws NmpError FRAME_SIZE, CONNECTION_LOST, TIMEOUT */
export async function readRecord(frames: FrameChannel, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return await read(frames, signal);
  } catch (error) {
    frames.abort(error instanceof Error ? error : new NmpError('INTERNAL'));
    throw error;
  }
}

async function read(frames: FrameChannel, signal: AbortSignal): Promise<Uint8Array> {
  let bytes = await frames.read(signal);
  if (bytes.length < 4) throw new NmpError('FRAME_SIZE');
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (length > NODE_RECORD_BYTES_MAX) throw new NmpError('FRAME_SIZE');
  while (bytes.length < 4 + length) bytes = concat(bytes, await frames.read(signal));
  await frames.close();
  if (bytes.length !== 4 + length) throw new NmpError('FRAME_SIZE');
  return bytes.subarray(4);
}
