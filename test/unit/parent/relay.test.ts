import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { RelayMetrics } from '../../../parent/metrics/relay-metrics.ts';
import { createRelay, DEFAULT_RELAY_LIMITS, type Relay } from '../../../parent/relay/relay.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listen(onSocket: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    cleanups.push(() => socket.destroy());
    onSocket(socket);
  });
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return address.port;
}

async function relayTo(
  enclavePort: number,
  limits = {},
): Promise<{ relay: Relay; port: number; metrics: RelayMetrics }> {
  const metrics = new RelayMetrics();
  const dial = () => connect({ port: enclavePort, host: '127.0.0.1', allowHalfOpen: true });
  const relay = createRelay({ enclave: { dial }, metrics }, { ...DEFAULT_RELAY_LIMITS, ...limits });
  const { port } = await relay.start({ host: '127.0.0.1', port: 0 });
  cleanups.push(() => relay.stop());
  return { relay, port, metrics };
}

function dial(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  cleanups.push(() => socket.destroy());
  return socket;
}

/** The other side ended it: nothing more comes, and it takes nothing more. */
async function closed(socket: Socket): Promise<void> {
  if (socket.destroyed) return;
  socket.once('end', () => socket.end());
  socket.resume();
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const settle = async (holds: () => boolean) => {
  for (let i = 0; i < 200 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(holds()).toBe(true);
};

describe('the relay', () => {
  it('copies bytes untouched both ways and passes on half-close', async () => {
    const { port } = await relayTo(await listen((socket) => socket.pipe(socket)));
    const socket = dial(port);
    const sent = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31) & 0xff));
    socket.end(sent);
    expect((await readAll(socket)).equals(sent)).toBe(true);
  });

  it('stops reading from a side whose other side does not read', async () => {
    let inside: Socket | undefined;
    const enclave = await listen((socket) => {
      inside = socket;
      socket.pause();
    });
    const { port } = await relayTo(enclave);
    const socket = dial(port);
    const chunk = Buffer.alloc(1 << 20);
    let written = 0;
    // Push until every buffer on the way is full.
    for (let i = 0; i < 256; i++) {
      written += chunk.length;
      if (!socket.write(chunk))
        await Promise.race([
          new Promise((r) => socket.once('drain', r)),
          new Promise((r) => setTimeout(r, 50)),
        ]);
      if (socket.writableLength > 8 * chunk.length) break;
    }
    expect(socket.writableLength).toBeGreaterThan(0);
    expect(written).toBeLessThan(256 << 20);
    inside?.resume();
    socket.destroy();
  });

  it('caps connections of one source and in total', async () => {
    const enclave = await listen((socket) => socket.resume().on('end', () => socket.end()));
    const { port, metrics, relay } = await relayTo(enclave, {
      connectionsPerSource: 2,
    });
    const kept = [dial(port), dial(port)];
    await settle(() => relay.open === 2);
    await closed(dial(port));
    expect(metrics.snapshot().refused).toBe(1);
    kept[0]?.destroy();
    await settle(() => relay.open === 1);
    dial(port);
    await settle(() => relay.open === 2);
  });

  it('ends what is idle, and what cannot reach the enclave', async () => {
    const idle = await relayTo(await listen(() => undefined), { idleTimeoutMs: 50 });
    await closed(dial(idle.port));
    await settle(() => idle.relay.open === 0);
    const dead = await relayTo(1);
    await closed(dial(dead.port));
    await settle(() => dead.metrics.snapshot().enclaveUnreachable === 1 && dead.relay.open === 0);
  });

  it('ends both sides when one is gone, and keeps nothing', async () => {
    const insides: Socket[] = [];
    const { port, relay, metrics } = await relayTo(await listen((socket) => insides.push(socket)));
    const socket = dial(port);
    await settle(() => insides.length === 1);
    insides[0]?.destroy();
    await closed(socket);
    await settle(() => relay.open === 0);
    expect(metrics.snapshot()).toMatchObject({ opened: 1, closed: 1 });
  });
});
