/** The enclave's end of forwarded datagrams: an echo stands for the QUIC endpoint. */
import { createSocket } from 'node:dgram';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createDatagramDoor,
  type DatagramDoorLimits,
} from '../../../enclave/mesh/datagram-door.ts';
import { systemClock } from '../../../shared/runtime.ts';
import { DATAGRAM_OPENER, DatagramReader, encodeDatagram } from '../../../shared/wire/datagrams.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const settle = async (holds: () => boolean) => {
  for (let i = 0; i < 1_000 && !holds(); i++) await new Promise((r) => setTimeout(r, 10));
  expect(holds()).toBe(true);
};

/** Its clock stands, so that no flow regains what it used up. */
async function start(limits: Partial<DatagramDoorLimits> = {}) {
  const endpoint = createSocket('udp4');
  const heard: Buffer[] = [];
  const ports = new Set<number>();
  endpoint.on('message', (bytes, { port }) => {
    heard.push(bytes);
    ports.add(port);
    endpoint.send(bytes, port, '127.0.0.1');
  });
  await new Promise<void>((resolve) => endpoint.bind(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise<void>((resolve) => endpoint.close(() => resolve())));
  const folder = await mkdtemp(join(tmpdir(), 'nmp-door-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'quic.sock');
  const clock = { ...systemClock, monotonicMs: () => 0 };
  const door = createDatagramDoor({ clock }, { path, port: endpoint.address().port, limits });
  await door.start();
  cleanups.push(() => door.stop());
  const flow = (opener: Uint8Array = DATAGRAM_OPENER) => {
    const stream: Socket = connect(path);
    stream.on('error', () => undefined);
    cleanups.push(() => stream.destroy());
    stream.write(opener);
    const reader = new DatagramReader(true);
    const got: Uint8Array[] = [];
    stream.on('data', (part) => got.push(...reader.push(part)));
    return {
      stream,
      got,
      send: (...datagrams: Uint8Array[]) => {
        for (const datagram of datagrams) stream.write(encodeDatagram(datagram));
      },
    };
  };
  return { door, flow, heard, ports };
}

const gone = async (stream: Socket) => {
  stream.resume();
  await settle(() => stream.destroyed);
};

describe('the datagram door', () => {
  it('passes datagrams on whole, both ways, each flow from a port of its own', async () => {
    const { flow, ports } = await start();
    const [a, b] = [flow(), flow()];
    a.send(Uint8Array.of(1), new Uint8Array(1_500).fill(2));
    b.send(Uint8Array.of(3, 3));
    await settle(() => a.got.length === 2 && b.got.length === 1);
    expect(a.got.map(({ length }) => length)).toEqual([1, 1_500]);
    expect(b.got.map((bytes) => [...bytes])).toEqual([[3, 3]]);
    expect(ports.size).toBe(2);
  });

  it('ends a flow that does not begin with the opener, or whose lengths are none', async () => {
    const { flow, heard, door } = await start();
    await gone(flow(Uint8Array.of(0, 1, 7)).stream);
    for (const length of [0, 1_501, 65_535]) {
      const { stream } = flow();
      stream.write(Uint8Array.of(length >> 8, length & 0xff));
      await gone(stream);
    }
    await settle(() => door.flows === 0);
    expect(heard).toEqual([]);
  });

  it('takes so many flows and no more, and others when some have gone', async () => {
    const { flow, door } = await start({ flows: 3 });
    const kept = [flow(), flow(), flow()];
    await settle(() => door.flows === 3);
    await gone(flow().stream);
    expect(door.flows).toBe(3);
    kept[0]?.stream.destroy();
    await settle(() => door.flows === 2);
    const next = flow();
    next.send(Uint8Array.of(9));
    await settle(() => next.got.length === 1);
  });

  it('ends a flow in which nothing passes', async () => {
    const { flow, door } = await start({ idleMs: 50 });
    await gone(flow().stream);
    await settle(() => door.flows === 0);
  });

  it('lets a flow open so many connections at once and no more, and what is open go on', async () => {
    const { flow, heard, door } = await start({ initials: 5 });
    const { send, got } = flow();
    const initial = Uint8Array.of(0xc3, 0, 0, 0, 1);
    const short = Uint8Array.of(0x43, 1);
    send(...Array.from({ length: 50 }, () => initial), short);
    await settle(() => got.length === 6);
    expect(heard.map(([first]) => first)).toEqual([0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0x43]);
    expect(door.dropped).toBe(45);
  });

  it('drops what a parent that reads nothing leaves lying', async () => {
    const { flow, door } = await start();
    const { stream, send } = flow();
    stream.pause();
    const datagram = new Uint8Array(1_400).fill(0x40);
    for (let i = 0; i < 20_000 && door.dropped === 0; i++) {
      send(datagram);
      if (i % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(door.dropped).toBeGreaterThan(0);
    expect(door.flows).toBe(1);
  });
});
