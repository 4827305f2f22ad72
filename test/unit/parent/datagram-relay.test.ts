/** The parent's relay for UDP: an enclave that the test plays, and sockets that stand for clients. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createDatagramRelay,
  DEFAULT_DATAGRAM_LIMITS,
} from '../../../parent/relay/datagram-relay.ts';
import { DatagramReader, encodeDatagram } from '../../../shared/wire/datagrams.ts';
import { codeOfAsync } from '../../support/code-of.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const settle = async (holds: () => boolean) => {
  for (let i = 0; i < 1_000 && !holds(); i++) await new Promise((r) => setTimeout(r, 10));
  expect(holds()).toBe(true);
};

interface Arrived {
  readonly stream: Socket;
  readonly datagrams: Uint8Array[];
}

async function start(changed = {}, onStream?: (stream: Socket) => void) {
  const arrived: Arrived[] = [];
  const server = createServer((stream) => {
    stream.on('error', () => undefined);
    cleanups.push(() => stream.destroy());
    const datagrams: Uint8Array[] = [];
    arrived.push({ stream, datagrams });
    if (onStream !== undefined) return onStream(stream);
    const reader = new DatagramReader(false);
    stream.on('data', (part) => datagrams.push(...reader.push(part)));
  });
  const folder = await mkdtemp(join(tmpdir(), 'nmp-datagrams-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  const path = join(folder, 'quic.sock');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const limits = { ...DEFAULT_DATAGRAM_LIMITS, ...changed };
  const relay = createDatagramRelay({ enclave: { dial: () => connect(path) } }, limits);
  const { port } = await relay.start({ host: '127.0.0.1', port: 0 });
  cleanups.push(() => relay.stop());
  const open = () => relay.snapshot().opened - relay.snapshot().closed;
  return { relay, port, arrived, open };
}

/** @param host an address of the loopback, so that sources differ */
async function client(port: number, host = '127.0.0.1') {
  const socket: UdpSocket = createSocket('udp4');
  const got: Buffer[] = [];
  socket.on('message', (bytes) => got.push(bytes));
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  cleanups.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  const send = (bytes: Uint8Array) =>
    new Promise((resolve) => socket.send(bytes, port, '127.0.0.1', resolve));
  return { got, send };
}

describe('the relay of datagrams', () => {
  it('carries them whole, one stream a flow, and the answers to whom they belong', async () => {
    const { port, arrived } = await start();
    const [a, b] = [await client(port), await client(port)];
    await a.send(Uint8Array.of(1));
    await settle(() => arrived[0]?.datagrams.length === 1);
    await b.send(new Uint8Array(1_500).fill(2));
    await settle(() => arrived[1]?.datagrams.length === 1);
    expect(arrived[1]?.datagrams[0]?.length).toBe(1_500);
    arrived[1]?.stream.write(encodeDatagram(Uint8Array.of(4)));
    arrived[0]?.stream.write(encodeDatagram(Uint8Array.of(3)));
    await settle(() => a.got.length === 1 && b.got.length === 1);
    expect([a.got[0]?.[0], b.got[0]?.[0]]).toEqual([3, 4]);
    expect(arrived.length).toBe(2);
  });

  it('drops what is too long or empty, and makes no flow of it', async () => {
    const { port, relay } = await start();
    const { send } = await client(port);
    await send(new Uint8Array(1_501));
    await send(new Uint8Array(60_000));
    await send(new Uint8Array(0));
    await settle(() => relay.snapshot().dropped === 3);
    expect(relay.snapshot().opened).toBe(0);
  });

  it('caps the flows of one source, and leaves others alone', async () => {
    const { port, relay, open } = await start({ flowsPerSource: 2 });
    for (let i = 0; i < 5; i++) await (await client(port)).send(Uint8Array.of(1));
    await settle(() => relay.snapshot().refused === 3);
    expect(open()).toBe(2);
    await (await client(port, '127.0.0.2')).send(Uint8Array.of(1));
    await settle(() => open() === 3);
  });

  it('under a flood makes room with the flows that never answered an answer', async () => {
    const { port, relay, arrived, open } = await start({ flows: 4 });
    const honest = await client(port, '127.0.0.9');
    await honest.send(Uint8Array.of(1));
    await settle(() => arrived[0]?.datagrams.length === 1);
    arrived[0]?.stream.write(encodeDatagram(Uint8Array.of(2)));
    await settle(() => honest.got.length === 1);
    await honest.send(Uint8Array.of(3));
    await settle(() => arrived[0]?.datagrams.length === 2);
    for (let i = 0; i < 30; i++) await (await client(port)).send(Uint8Array.of(7));
    await settle(() => relay.snapshot().opened === 31);
    expect(open()).toBe(4);
    arrived[0]?.stream.write(encodeDatagram(Uint8Array.of(4)));
    await settle(() => honest.got.length === 2);
  });

  it('refuses newcomers when every flow is somebody’s', async () => {
    const { port, relay, arrived, open } = await start({ flows: 1 });
    const first = await client(port);
    await first.send(Uint8Array.of(1));
    await settle(() => arrived.length === 1);
    arrived[0]?.stream.write(encodeDatagram(Uint8Array.of(2)));
    await settle(() => first.got.length === 1);
    await first.send(Uint8Array.of(3));
    await settle(() => arrived[0]?.datagrams.length === 2);
    await (await client(port)).send(Uint8Array.of(1));
    await settle(() => relay.snapshot().refused === 1);
    expect(open()).toBe(1);
  });

  it('ends flows in which nothing passes, and those whose enclave is gone', async () => {
    const idle = await start({ idleMs: 50 });
    await (await client(idle.port)).send(Uint8Array.of(1));
    await settle(() => idle.relay.snapshot().closed === 1);
    const refusing = await start({}, (stream) => stream.destroy());
    await (await client(refusing.port)).send(Uint8Array.of(1));
    await settle(() => refusing.relay.snapshot().closed === 1);
    const dead = createDatagramRelay({ enclave: { dial: () => connect('/nonexistent/enclave') } });
    const { port } = await dead.start({ host: '127.0.0.1', port: 0 });
    cleanups.push(() => dead.stop());
    await (await client(port)).send(Uint8Array.of(1));
    await settle(() => dead.snapshot().closed === 1);
  });

  it('ends a flow into which the enclave writes what are no datagrams', async () => {
    const { port, arrived, relay } = await start();
    const { send, got } = await client(port);
    await send(Uint8Array.of(1));
    await settle(() => arrived.length === 1);
    arrived[0]?.stream.write(Uint8Array.of(0xff, 0xff));
    await settle(() => relay.snapshot().closed === 1);
    expect(got).toEqual([]);
  });

  it('holds a bounded number of bytes for an enclave that reads nothing', async () => {
    const { port, relay } = await start({}, (stream) => stream.pause());
    const { send } = await client(port);
    const datagram = new Uint8Array(1_400);
    for (let i = 0; i < 20_000 && relay.snapshot().dropped === 0; i++) await send(datagram);
    await settle(() => relay.snapshot().dropped > 0);
    expect(relay.snapshot().datagramsIn).toBeLessThan(2_000);
  });

  it('says that its address cannot be used', async () => {
    const relay = createDatagramRelay({ enclave: { dial: () => connect('/nonexistent') } });
    expect(await codeOfAsync(relay.start({ host: '192.0.2.1', port: 0 }))).toBe('NODE_START');
    await relay.stop();
  });
});
