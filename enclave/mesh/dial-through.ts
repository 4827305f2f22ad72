/** A stream out of the enclave, through the parent's dial proxy. What may be dialled, callers decide. */
import { connect, type Socket } from 'node:net';
import { NmpError } from '../../shared/errors.ts';
import { DIALLED, type DialTarget, encodeDialOpener } from '../../shared/wire/dial-opener.ts';

/**
 * @param path unix socket of the dial proxy
 * @returns the stream, once the proxy says that it is open
 * @throws NmpError UNREACHABLE
 */
export function dialThrough(
  path: string,
  target: DialTarget,
  signal: AbortSignal,
): Promise<Socket> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const fail = () => socket.destroy(new NmpError('UNREACHABLE'));
    signal.addEventListener('abort', fail, { once: true });
    socket.once('error', reject);
    socket.once('close', () => reject(new NmpError('UNREACHABLE')));
    socket.write(encodeDialOpener(target));
    socket.once('readable', () => {
      const answer: unknown = socket.read(1);
      signal.removeEventListener('abort', fail);
      if (!(answer instanceof Uint8Array) || answer[0] !== DIALLED.open) {
        fail();
        return;
      }
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
