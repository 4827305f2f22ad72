import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { RelayMetrics } from '../../../parent/metrics/relay-metrics.ts';
import { DEFAULT_RELAY_LIMITS } from '../../../parent/relay/relay.ts';
import {
  createWebSocketRelay,
  WEBSOCKET_MESSAGE_BYTES_MAX,
} from '../../../parent/relay/websocket-relay.ts';

const ORIGIN = 'https://app.example';
const WAIT = { timeout: 20_000 };
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(onSocket: (socket: Socket) => void, changed = {}) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    cleanups.push(() => socket.destroy());
    onSocket(socket);
  });
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  const folder = await mkdtemp(join(tmpdir(), 'nmp-ws-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'enclave');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const metrics = new RelayMetrics();
  const relay = createWebSocketRelay(
    { enclave: { dial: () => connect(path) }, metrics },
    { limits: { ...DEFAULT_RELAY_LIMITS, ...changed }, origins: [ORIGIN] },
  );
  const { port } = await relay.start({ host: '127.0.0.1', port: 0 });
  cleanups.push(() => relay.stop());
  return { relay, port, metrics };
}

function dial(port: number, origin: string | undefined = ORIGIN): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, origin === '' ? {} : { origin });
  socket.on('error', () => undefined);
  cleanups.push(() => socket.terminate());
  return socket;
}

async function refusal(socket: WebSocket): Promise<[number | undefined, string]> {
  const [, response] = await once(socket, 'unexpected-response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return [response.statusCode, body];
}

describe('WebSockets at the parent', () => {
  it('carry bytes both ways, in whatever messages they come, and change none', async () => {
    const { port, metrics } = await start((socket) => socket.pipe(socket));
    const socket = dial(port);
    await once(socket, 'open');
    const sent = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
    const got: Buffer[] = [];
    socket.on('message', (data: Buffer) => got.push(data));
    for (let at = 0; at < sent.length; at += 7001) socket.send(sent.subarray(at, at + 7001));
    await vi.waitFor(() => expect(Buffer.concat(got)).toHaveLength(sent.length), WAIT);
    expect(Buffer.concat(got).equals(sent)).toBe(true);
    socket.close();
    await vi.waitFor(
      () => expect(metrics.snapshot()).toMatchObject({ opened: 1, closed: 1 }),
      WAIT,
    );
    expect(metrics.snapshot()).toMatchObject({ bytesIn: sent.length, bytesOut: sent.length });
  });

  it.each([
    ['another origin', 'https://evil.example'],
    ['the allowed one with more behind it', `${ORIGIN}.evil.example`],
    ['a sandboxed page', 'null'],
    ['no origin', ''],
  ])('refuse %s', async (_what, origin) => {
    const dialled = vi.fn();
    const { port, metrics } = await start(dialled);
    expect(await refusal(dial(port, origin))).toEqual([403, 'WEBSOCKET_ORIGIN']);
    expect(dialled).not.toHaveBeenCalled();
    expect(metrics.snapshot()).toMatchObject({ refused: 1, opened: 0 });
  });

  it.each([
    ['in all', { connections: 1 }],
    ['from one address', { connectionsPerSource: 1 }],
  ])('refuse more than the limit %s, and take one again when one has gone', async (_w, limits) => {
    const { port, relay } = await start(() => undefined, limits);
    const first = dial(port);
    await once(first, 'open');
    expect(await refusal(dial(port))).toEqual([503, 'WEBSOCKET_FULL']);
    first.close();
    await vi.waitFor(() => expect(relay.open).toBe(0), WAIT);
    await once(dial(port), 'open');
  });

  it.each([
    ['a message beyond its limit', Buffer.alloc(WEBSOCKET_MESSAGE_BYTES_MAX + 1), 1009],
    ['text', 'text', 1003],
  ])('end at %s', async (_what, message, code) => {
    const { port, relay } = await start(() => undefined);
    const socket = dial(port);
    await once(socket, 'open');
    socket.send(message);
    expect((await once(socket, 'close'))[0]).toBe(code);
    await vi.waitFor(() => expect(relay.open).toBe(0), WAIT);
  });

  it('end when the enclave ends, when it cannot be reached, and when nothing is said', async () => {
    const ended = await start((socket) => socket.end());
    await once(dial(ended.port), 'close');
    const silent = await start(() => undefined, { idleTimeoutMs: 50 });
    await once(dial(silent.port), 'close');
    const metrics = new RelayMetrics();
    const relay = createWebSocketRelay(
      { enclave: { dial: () => connect('/nowhere/at/all') }, metrics },
      { limits: DEFAULT_RELAY_LIMITS, origins: [ORIGIN] },
    );
    cleanups.push(() => relay.stop());
    const { port } = await relay.start({ host: '127.0.0.1', port: 0 });
    await once(dial(port), 'close');
    expect(metrics.snapshot().enclaveUnreachable).toBe(1);
  });

  it('are all there is: a request for a page is told so', async () => {
    const { port } = await start(() => undefined);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(426);
  });
});
