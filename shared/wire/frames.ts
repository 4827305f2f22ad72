/** Length-prefixed frames on a stream, the only thing the protocol needs of its transport. */
import type { Stream } from '@libp2p/interface';
import { lpStream } from '@libp2p/utils';
import { NmpError } from '../errors.ts';
import { FRAME_BYTES_MAX } from './constants.ts';

export interface FrameChannel {
  /** @throws NmpError FRAME_SIZE, CONNECTION_LOST, TIMEOUT */
  read(signal?: AbortSignal): Promise<Uint8Array>;
  /** Resolves when the transport took the frame; waits while it is full. */
  write(frame: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Ends our side in order. */
  close(): Promise<void>;
  /** Ends both sides at once. */
  abort(reason: Error): void;
}

function transportError(cause: unknown, signal?: AbortSignal): NmpError {
  if (cause instanceof NmpError) return cause;
  if (signal?.aborted) {
    return signal.reason instanceof NmpError
      ? signal.reason
      : new NmpError('TIMEOUT', undefined, { cause });
  }
  const name = cause instanceof Error ? cause.name : '';
  if (name.startsWith('InvalidData') || name.startsWith('InvalidMessageLength')) {
    return new NmpError('FRAME_SIZE', undefined, { cause });
  }
  return new NmpError('CONNECTION_LOST', undefined, { cause });
}

/** Frames with an unsigned varint length in front on a libp2p stream. */
export function libp2pFrames(stream: Stream): FrameChannel {
  const frames = lpStream(stream, { maxDataLength: FRAME_BYTES_MAX, maxLengthLength: 4 });
  return {
    async read(signal) {
      try {
        return (await frames.read(signal === undefined ? {} : { signal })).subarray();
      } catch (cause) {
        throw transportError(cause, signal);
      }
    },
    async write(frame, signal) {
      try {
        await frames.write(frame, signal === undefined ? {} : { signal });
      } catch (cause) {
        throw transportError(cause, signal);
      }
    },
    async close() {
      try {
        await stream.close();
      } catch (cause) {
        throw transportError(cause);
      }
    },
    abort: (reason) => stream.abort(reason),
  };
}
