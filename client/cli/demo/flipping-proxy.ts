/** A lying parent, first kind: a relay that flips one bit of what the node answers. */
import { connect, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';

export interface LyingParent {
  /** Where its victims connect; no Peer ID, so that nothing but attestation can tell. */
  readonly address: string;
  stop(): Promise<void>;
}

function flipAt(at: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const index = at - seen;
      seen += chunk.length;
      if (index >= 0 && index < chunk.length) chunk[index] = (chunk[index] ?? 0) ^ 1;
      done(null, chunk);
    },
  });
}

/**
 * @param target the honest relay
 * @param at which byte on the way to the client has its lowest bit flipped
 */
export function startFlippingProxy(
  target: { readonly host: string; readonly port: number },
  at: number,
): Promise<LyingParent> {
  const sockets = new Set<Socket>();
  const server = createServer((outside) => {
    const inside = connect(target.port, target.host);
    for (const socket of [outside, inside]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        outside.destroy();
        inside.destroy();
        sockets.delete(socket);
      });
    }
    outside.pipe(inside);
    inside.pipe(flipAt(at)).pipe(outside);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address !== 'object' || address === null) return reject(new Error('no address'));
      resolve({
        address: `/ip4/127.0.0.1/tcp/${address.port}`,
        stop: () =>
          new Promise((done) => {
            for (const socket of sockets) socket.destroy();
            server.close(() => done());
          }),
      });
    });
  });
}
