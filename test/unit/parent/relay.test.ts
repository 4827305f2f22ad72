import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RelayMetrics } from '../../../parent/metrics/relay-metrics.ts';
import { createNativeRelay } from '../../../parent/relay/native-relay.ts';
import { createRelay, DEFAULT_RELAY_LIMITS, type Relay } from '../../../parent/relay/relay.ts';
import { systemClock } from '../../../shared/runtime.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { descendants } from '../../support/local-node.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listen(onSocket: (socket: Socket) => void): Promise<string> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    cleanups.push(() => socket.destroy());
    onSocket(socket);
  });
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  const folder = await mkdtemp(join(tmpdir(), 'nmp-relay-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'enclave');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return path;
}

const AGENT = fileURLToPath(new URL('../../../build/native/nmp-agent', import.meta.url));

async function startRelay(
  kind: 'in this process' | 'as a program',
  path: string,
  changed = {},
): Promise<{ relay: Relay; port: number; metrics: RelayMetrics }> {
  const metrics = new RelayMetrics();
  const limits = { ...DEFAULT_RELAY_LIMITS, ...changed };
  const dial = () => connect({ path, allowHalfOpen: true });
  const relay =
    kind === 'in this process'
      ? createRelay({ enclave: { dial }, metrics }, limits)
      : createNativeRelay(
          { metrics, clock: systemClock },
          { program: AGENT, paths: [path] },
          limits,
        );
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

describe.each(['in this process', 'as a program'] as const)('the relay %s', (kind) => {
  const relayTo = (path: string, limits = {}) => startRelay(kind, path, limits);

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
    await settle(() => metrics.snapshot().refused === 1);
    kept[0]?.destroy();
    await settle(() => relay.open === 1);
    dial(port);
    await settle(() => relay.open === 2);
  });

  it('ends what is idle, and what cannot reach the enclave', async () => {
    const idle = await relayTo(await listen(() => undefined), { idleTimeoutMs: 50 });
    await closed(dial(idle.port));
    await settle(() => idle.relay.open === 0);
    const dead = await relayTo('/nonexistent/enclave');
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
    await settle(() => relay.open === 0 && metrics.snapshot().closed === 1);
    expect(metrics.snapshot().opened).toBe(1);
  });

  it('passes bulk on whole, however it comes, while others talk', async () => {
    const { port, metrics, relay } = await relayTo(await listen((socket) => socket.pipe(socket)));
    const bulk = dial(port);
    const sent = Buffer.from(Array.from({ length: 5_000_011 }, (_, i) => (i * 2654435761) >>> 13));
    const talk = dial(port);
    const words: string[] = [];
    talk.on('data', (data) => words.push(String(data)));
    const back = readAll(bulk);
    for (let at = 0, size = 1; at < sent.length; at += size, size = (size * 3) % 300_007) {
      bulk.write(sent.subarray(at, at + size));
      if (at % 5 === 0) talk.write('.');
    }
    bulk.end();
    expect((await back).equals(sent)).toBe(true);
    talk.end('!');
    await closed(talk);
    expect(words.join('')).toMatch(/^\.*!$/);
    await settle(() => relay.open === 0 && metrics.snapshot().closed === 2);
    expect(metrics.snapshot().bytesIn).toBe(sent.length + words.join('').length);
    expect(metrics.snapshot().bytesOut).toBe(metrics.snapshot().bytesIn);
  });

  it('drains: what is open goes on, nothing new comes in', async () => {
    const { port, relay } = await relayTo(await listen((socket) => socket.pipe(socket)));
    const old = dial(port);
    old.write('a');
    await new Promise((resolve) => old.once('data', resolve));
    await settle(() => relay.open === 1);
    await relay.drain(1);
    const refused = async () => {
      const late = connect({ port, host: '127.0.0.1' });
      return new Promise<boolean>((resolve) => {
        late.once('error', () => resolve(true));
        late.once('connect', () => resolve(late.destroy() === undefined));
      });
    };
    await vi.waitFor(async () => expect(await refused()).toBe(true), 5_000);
    old.end('b');
    expect(String(await readAll(old))).toBe('b');
    await relay.drain(10_000);
    await settle(() => relay.open === 0);
  });
});

describe('the relay as a program', () => {
  it('listens again on its port if it was ended', async () => {
    const path = await listen((socket) => socket.pipe(socket));
    const { port, metrics, relay } = await startRelay('as a program', path);
    const old = dial(port);
    await settle(() => relay.open === 1);
    for (const pid of await descendants(path)) {
      process.kill(pid, 'SIGKILL');
    }
    await closed(old);
    const answered = async () => {
      const socket = dial(port);
      socket.end('x');
      return String(await readAll(socket));
    };
    expect(await vi.waitFor(answered, 10_000)).toBe('x');
    await settle(() => relay.open === 0 && metrics.snapshot().opened === 2);
    expect(metrics.snapshot().closed).toBe(2);
  });

  it('says that an address is taken, and tries no further', async () => {
    const path = await listen((socket) => socket.pipe(socket));
    const first = await startRelay('as a program', path);
    const second = createNativeRelay(
      { metrics: new RelayMetrics(), clock: systemClock },
      { program: AGENT, paths: [path] },
      DEFAULT_RELAY_LIMITS,
    );
    const starting = second.start({ host: '127.0.0.1', port: first.port });
    expect(await codeOfAsync(starting)).toBe('NODE_START');
    const parts = { metrics: new RelayMetrics(), clock: systemClock };
    const none = { program: '/nonexistent/nmp-agent', paths: [path] };
    const absent = createNativeRelay(parts, none, DEFAULT_RELAY_LIMITS);
    expect(await codeOfAsync(absent.start({ host: '127.0.0.1', port: 0 }))).toBe('NODE_START');
  });
});
