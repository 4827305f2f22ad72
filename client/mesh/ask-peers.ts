/** Asks a node whom it has reached, for the day on which it is gone itself. */
import { NmpError } from '../../shared/errors.ts';
import type { FrameChannel } from '../../shared/wire/frames.ts';
import { decodePeerList, type ListedPeer } from '../../shared/wire/peer-list.ts';

/** Ends the stream, in order or not. @throws NmpError FRAME_MALFORMED, CONNECTION_LOST, TIMEOUT */
export async function askPeers(frames: FrameChannel, signal: AbortSignal): Promise<ListedPeer[]> {
  try {
    const peers = decodePeerList(await frames.read(signal));
    await frames.close();
    return peers;
  } catch (error) {
    frames.abort(error instanceof Error ? error : new NmpError('INTERNAL'));
    throw error;
  }
}
