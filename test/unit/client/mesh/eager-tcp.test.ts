import { createServer } from 'node:net';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p, type Libp2p } from 'libp2p';
import { afterEach, describe, expect, it } from 'vitest';
import { type ClientNode, createClientNode } from '../../../../client/mesh/client-node.ts';
import { PROTOCOL } from '../../../../shared/wire/constants.ts';
import { libp2pFrames } from '../../../../shared/wire/frames.ts';
import { codeOfAsync } from '../../../support/code-of.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function client(): Promise<ClientNode> {
  const made = await createClientNode({});
  cleanups.push(() => made.stop());
  return made;
}

async function stockNode(): Promise<Libp2p> {
  const made = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  });
  cleanups.push(() => made.stop());
  return made;
}

/** A listener that answers with `bytes`, whatever comes. */
async function babbler(bytes: Uint8Array): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(bytes);
    socket.resume();
  });
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return `/ip4/127.0.0.1/tcp/${address.port}`;
}

const soon = () => AbortSignal.timeout(5_000);

describe('the eager transport', () => {
  it('speaks with a stock listener, and opens streams without waiting', async () => {
    const node = await stockNode();
    await node.handle(PROTOCOL.call, async (stream) => {
      const frames = libp2pFrames(stream);
      await frames.write(await frames.read());
      await frames.close();
    });
    const own = await client();
    const peer = await own.dial(node.getMultiaddrs()[0]?.toString() ?? '', soon());
    expect(peer.id).toBe(node.peerId.toString());
    const frames = await own.open(peer.id, PROTOCOL.call, soon());
    await frames.write(Uint8Array.of(1, 2, 3));
    expect(await frames.read(soon())).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('refuses a node under another Peer ID', async () => {
    const [node, other] = [await stockNode(), await stockNode()];
    const address = `${node.getMultiaddrs()[0]?.toString().split('/p2p/')[0]}/p2p/${other.peerId}`;
    expect(await codeOfAsync((await client()).dial(address, soon()))).toBe('UNREACHABLE');
  });

  it('refuses a protocol that the node does not serve', async () => {
    const node = await stockNode();
    const own = await client();
    const peer = await own.dial(node.getMultiaddrs()[0]?.toString() ?? '', soon());
    const frames = await own.open(peer.id, PROTOCOL.elicit, soon());
    await frames.write(Uint8Array.of(1));
    expect(await codeOfAsync(frames.read(soon()))).toBe('HANDSHAKE_REFUSED');
  });

  it.each([
    ['refuses Noise', '\x13/multistream/1.0.0\n\x03na\n'],
    ['offers plain text', '\x13/multistream/1.0.0\n\x11/plaintext/2.0.0\n'],
    ['speaks HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ])('leaves a listener that %s', async (_name, text) => {
    const address = await babbler(Buffer.from(text, 'latin1'));
    expect(await codeOfAsync((await client()).dial(address, soon()))).toBe('UNREACHABLE');
  });

  it('gives up on a listener that says nothing', async () => {
    const address = await babbler(new Uint8Array(0));
    const dialling = (await client()).dial(address, AbortSignal.timeout(200));
    expect(await codeOfAsync(dialling)).toBe('TIMEOUT');
  });

  it('dials no provider whose address is not one of its own', async () => {
    const own = await client();
    for (const addresses of [
      [],
      ['nonsense'],
      ['/ip4/127.0.0.1/udp/1'],
      ['/ip4/127.0.0.1/tcp/1/p2p/x'],
    ]) {
      const id = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN';
      expect(await codeOfAsync(own.dialProvider({ id, addresses }, soon()))).toBe('UNREACHABLE');
    }
  });
});
