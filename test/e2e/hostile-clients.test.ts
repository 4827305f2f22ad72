/** Clients that hold, stall, babble and flood; others must not notice. */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOfAsync } from '../support/code-of.ts';
import { type LocalNode, startLocal } from '../support/local-node.ts';
import { constantModule } from '../support/modules.ts';
import { SMALL_CAPABILITY } from '../support/small-capability.ts';

const CONFIG = { ...SMALL_CAPABILITY, relay: { connections: 400, connectionsPerSource: 300 } };
const REQUEST = { module: constantModule('{"n":7}'), args: {}, capability: 'small' };

let node: LocalNode;
let port: number;
const sockets: Socket[] = [];
beforeAll(async () => {
  node = await startLocal(CONFIG);
  port = Number(/\/tcp\/(\d+)\//.exec(node.parent.address)?.[1]);
}, 60_000);
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await node.stop();
});

async function open(): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  socket.resume();
  sockets.push(socket);
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return socket;
}

async function served(): Promise<unknown> {
  const client = node.client();
  const peer = await client.connect(node.parent.address);
  const { output } = await client.run(peer, REQUEST);
  await client.close();
  return output;
}

describe('a node among hostile clients', () => {
  it('serves others beside connections that say nothing, little or nonsense, and ends those', async () => {
    const before = node.parent.metrics();
    const silent = await Promise.all(Array.from({ length: 60 }, open));
    const slow = await Promise.all(Array.from({ length: 60 }, open));
    const babble = await Promise.all(Array.from({ length: 60 }, open));
    // One byte of the negotiation now and then, never all of it.
    const timer = setInterval(() => {
      for (const socket of slow) if (!socket.destroyed) socket.write(Uint8Array.of(0x13));
    }, 500);
    for (const [i, socket] of babble.entries()) {
      socket.write(new Uint8Array(4_096).fill(i * 7 + 1));
    }
    expect(await served()).toEqual({ n: 7 });
    const all = [...silent, ...slow, ...babble];
    for (let i = 0; i < 300 && all.some((socket) => !socket.destroyed); i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    clearInterval(timer);
    expect(all.filter((socket) => !socket.destroyed)).toHaveLength(0);
    expect(await served()).toEqual({ n: 7 });
    expect(node.parent.metrics().opened - before.opened).toBeGreaterThanOrEqual(180);
  }, 60_000);

  it('refuses a flood of handshakes of one peer, with a code, and serves another', async () => {
    const flooder = node.client();
    const peer = await flooder.connect(node.parent.address);
    const codes = new Map<string, number>();
    for (let round = 0; round < 8; round++) {
      const attempts = Array.from({ length: 12 }, () => codeOfAsync(flooder.attest(peer)));
      for (const code of await Promise.all(attempts)) {
        codes.set(code ?? 'attested', (codes.get(code ?? 'attested') ?? 0) + 1);
      }
    }
    expect([...codes.keys()].toSorted()).toEqual(['SESSION_LIMIT', 'attested']);
    expect(codes.get('attested')).toBeLessThanOrEqual(60);
    expect(await served()).toEqual({ n: 7 });
    await flooder.close();
  }, 60_000);

  it('takes no more connections of one source than it may, and others after them', async () => {
    const before = node.parent.metrics().refused;
    const many = await Promise.all(Array.from({ length: 320 }, open));
    for (let i = 0; i < 100 && node.parent.metrics().refused - before < 20; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(node.parent.metrics().refused - before).toBeGreaterThanOrEqual(20);
    for (const socket of many) socket.destroy();
    let output: unknown;
    for (let i = 0; i < 100 && output === undefined; i++) {
      output = await served().catch(() => new Promise((resolve) => setTimeout(resolve, 100)));
    }
    expect(output).toEqual({ n: 7 });
  }, 60_000);
});
