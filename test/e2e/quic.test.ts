/** A node that answers over QUIC: the parent forwards datagrams, everything else ends in the enclave. */
import { createSocket, type Socket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { createClientNode } from '../../client/mesh/client-node.ts';
import { concat } from '../../shared/bytes.ts';
import { seededRandom } from '../support/clock.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { startLocal } from '../support/local-node.ts';
import { constantModule } from '../support/modules.ts';
import { SMALL_CAPABILITY } from '../support/small-capability.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const CONFIG = { ...SMALL_CAPABILITY, quic: true };

async function start() {
  const node = await startLocal(CONFIG);
  cleanups.push(() => node.stop());
  return node;
}

const REQUEST = { module: constantModule('{"n":7}'), args: {}, capability: 'small' };
const HOST = '127.0.0.1';

function udpPort(address: string | undefined): number {
  return Number(/\/udp\/(\d+)\//.exec(address ?? '')?.[1]);
}

function withPort(address: string | undefined, port: number): string {
  return (address ?? '').replace(/\/udp\/\d+\//, `/udp/${port}/`);
}

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
  cleanups.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  return socket;
}

type Treat = (bytes: Buffer, pass: (bytes: Buffer) => void, towards: 'node' | 'client') => void;

/** A path for one client that does with each datagram what the test says. */
async function path(target: number, treat: Treat): Promise<number> {
  const [outside, inside] = [await bound(), await bound()];
  let client = 0;
  let over = false;
  cleanups.push(() => {
    over = true;
  });
  outside.on('message', (bytes, from) => {
    client = from.port;
    treat(bytes, (out) => over || inside.send(out, target, HOST), 'node');
  });
  inside.on('message', (bytes) => {
    treat(bytes, (out) => over || outside.send(out, client, HOST), 'client');
  });
  return outside.address().port;
}

describe('a node over QUIC', () => {
  it('attests and answers, and no TCP connection is made', async () => {
    const node = await start();
    const address = node.parent.quicAddress ?? '';
    expect(address).toMatch(/^\/ip4\/127\.0\.0\.1\/udp\/\d+\/quic-v1\/p2p\//);
    const client = node.client();
    cleanups.push(() => client.close());
    const peer = await client.connect(address);
    expect((await client.run(peer, REQUEST)).output).toEqual({ n: 7 });
    const calls = Array.from({ length: 16 }, () => client.run(peer, REQUEST));
    expect((await Promise.all(calls)).map(({ output }) => output)).toEqual(
      Array.from({ length: 16 }, () => ({ n: 7 })),
    );
    expect(node.parent.metrics().opened).toBe(0);
    expect(node.parent.datagrams()?.datagramsIn).toBeGreaterThan(3);
  });

  it('takes a module of a megabyte', async () => {
    const node = await start();
    const client = node.client();
    cleanups.push(() => client.close());
    const peer = await client.connect(node.parent.quicAddress ?? '');
    // A custom section of random bytes (Core specification, section 5.5.3).
    const filling = seededRandom(7).bytes(999_990);
    const name = Uint8Array.of(1, 0x78);
    const size = name.length + filling.length;
    const leb = [(size & 0x7f) | 0x80, ((size >> 7) & 0x7f) | 0x80, size >> 14];
    const head = Uint8Array.of(0, ...leb, ...name);
    const module = concat(REQUEST.module, head, filling);
    expect((await client.run(peer, { ...REQUEST, module })).output).toEqual({ n: 7 });
  });

  it('answers over a path that loses, repeats and reorders datagrams', async () => {
    const node = await start();
    const random = seededRandom(11);
    let touched = 0;
    const port = await path(udpPort(node.parent.quicAddress), (bytes, pass) => {
      const [dice = 0] = random.bytes(1);
      if (dice < 25) touched++;
      else if (dice < 50) setTimeout(() => pass(bytes), 5 + (dice % 20));
      else pass(bytes);
      if (dice >= 50 && dice < 75) pass(bytes);
    });
    const client = node.client();
    cleanups.push(() => client.close());
    const peer = await client.connect(withPort(node.parent.quicAddress, port));
    for (let i = 0; i < 10; i++) {
      expect((await client.run(peer, REQUEST)).output).toEqual({ n: 7 });
    }
    expect(touched).toBeGreaterThan(0);
  });

  it('cannot be changed on the way: what is flipped is as good as lost', async () => {
    const node = await start();
    let flipped = 0;
    const port = await path(udpPort(node.parent.quicAddress), (bytes, pass) => {
      const changed = Buffer.from(bytes);
      if (flipped++ % 4 === 3) changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
      pass(changed);
    });
    const client = node.client();
    cleanups.push(() => client.close());
    const peer = await client.connect(withPort(node.parent.quicAddress, port));
    expect((await client.run(peer, REQUEST)).output).toEqual({ n: 7 });
    expect(flipped).toBeGreaterThan(4);
  });

  it('is not taken for another peer', async () => {
    const [node, other] = [await start(), await start()];
    const port = udpPort(other.parent.quicAddress);
    const client = node.client();
    cleanups.push(() => client.close());
    const connecting = client.connect(withPort(node.parent.quicAddress, port));
    expect(await codeOfAsync(connecting)).toBe('UNREACHABLE');
  });

  it('is heard by others while many handshakes stop after their first message', async () => {
    const node = await start();
    const target = udpPort(node.parent.quicAddress);
    for (let i = 0; i < 12; i++) {
      let first = true;
      // What the node answers never arrives, nor anything after the first datagram.
      const port = await path(target, (bytes, pass, towards) => {
        if (towards === 'node' && first) pass(bytes);
        first = false;
      });
      const client = node.client();
      cleanups.push(() => client.close());
      client
        .connect(withPort(node.parent.quicAddress, port), { timeoutMs: 60_000 })
        .catch(() => undefined);
    }
    for (let i = 0; i < 500 && (node.parent.datagrams()?.opened ?? 0) < 12; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(node.parent.datagrams()?.opened).toBe(12);
    const honest = node.client();
    cleanups.push(() => honest.close());
    // The package by itself would let each of the twelve wait out its ten seconds first.
    const peer = await honest.connect(node.parent.quicAddress ?? '', { timeoutMs: 60_000 });
    expect((await honest.run(peer, REQUEST)).output).toEqual({ n: 7 });
  });

  it('is what a client takes first of a provider that names both, and TCP where it is silent', async () => {
    const node = await start();
    const [tcp, id = ''] = node.parent.address.split('/p2p/');
    const [quic] = (node.parent.quicAddress ?? '').split('/p2p/');
    const dialled = async (...addresses: string[]) => {
      const client = await createClientNode({});
      cleanups.push(() => client.stop());
      return (await client.dialProvider({ id, addresses }, AbortSignal.timeout(50_000))).id;
    };
    expect(await dialled(tcp ?? '', quic ?? '')).toBe(id);
    expect(node.parent.metrics().opened).toBe(0);
    // Bound, and silent.
    const silent = (await bound()).address().port;
    expect(await dialled(`/ip4/127.0.0.1/udp/${silent}/quic-v1`, tcp ?? '')).toBe(id);
    await expect.poll(() => node.parent.metrics().opened, { timeout: 10_000 }).toBe(1);
  });

  it('goes on under garbage', async () => {
    const node = await start();
    const target = udpPort(node.parent.quicAddress);
    const random = seededRandom(5);
    const sockets = await Promise.all(Array.from({ length: 8 }, bound));
    for (let i = 0; i < 2_000; i++) {
      const [first = 0, length = 1] = random.bytes(2);
      const bytes = Buffer.from(random.bytes(1 + length * 5));
      // Half of them look like what opens a connection.
      bytes[0] = i % 2 === 0 ? 0xc0 | (first & 0x0f) : first;
      const { promise, resolve } = Promise.withResolvers<void>();
      sockets[i % 8]?.send(bytes, target, HOST, () => resolve());
      await promise;
    }
    const client = node.client();
    cleanups.push(() => client.close());
    const peer = await client.connect(node.parent.quicAddress ?? '');
    expect((await client.run(peer, REQUEST)).output).toEqual({ n: 7 });
  });
});
