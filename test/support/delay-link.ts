/**
 * A link with delay in front of a TCP port: what comes in leaves `oneWayMs` later, in order. A new
 * connection waits one round trip more before its first bytes pass, which stands for TCP's own
 * handshake that loopback does not delay.
 */
import { connect, createServer, type Socket } from 'node:net';

export interface DelayLink {
  readonly port: number;
  stop(): Promise<void>;
}

function carry(from: Socket, to: Socket, delayMs: () => number): void {
  // Timers of one due time may fire in any order; the queue keeps the bytes in theirs.
  const queue: (() => void)[] = [];
  const later = (act: () => void) => {
    queue.push(act);
    setTimeout(() => queue.shift()?.(), delayMs());
  };
  from.on('data', (bytes) => later(() => to.destroyed || to.write(bytes)));
  from.on('end', () => later(() => to.end()));
  from.on('error', () => to.destroy());
}

export interface DelayLinkInit {
  /** May be told later than the link is up. */
  readonly target: () => number;
  /** May change: what comes from then on waits so long. */
  readonly oneWayMs: () => number;
  /** An address of the loopback: the link's own and the target's. */
  readonly host: string;
}

export function delayLink(target: number, oneWayMs: number): Promise<DelayLink> {
  return changingLink({ target: () => target, oneWayMs: () => oneWayMs, host: '127.0.0.1' });
}

export async function changingLink({ target, oneWayMs, host }: DelayLinkInit): Promise<DelayLink> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (outside) => {
    const openedMs = performance.now();
    const inside = connect({
      port: target(),
      host,
      allowHalfOpen: true,
      noDelay: true,
    });
    for (const socket of [outside, inside]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    // Bytes sent at once by the client would have waited for SYN and its answer.
    const handshakeLeft = () => Math.max(0, openedMs + 2 * oneWayMs() - performance.now());
    carry(outside, inside, () => handshakeLeft() + oneWayMs());
    carry(inside, outside, oneWayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return {
    port: address.port,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
