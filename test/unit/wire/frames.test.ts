import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { streamPair } from '@libp2p/utils';
import { createLibp2p } from 'libp2p';
import { describe, expect, it } from 'vitest';
import { eagerYamux } from '../../../client/mesh/eager-muxer.ts';
import { concat } from '../../../shared/bytes.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { FRAME_BYTES_MAX, RECORD_CHUNK_BYTES } from '../../../shared/wire/constants.ts';
import { eagerFrames, libp2pFrames } from '../../../shared/wire/frames.ts';
import { MULTISTREAM, multistreamMessage } from '../../../shared/wire/multistream.ts';
import { RecordReader, RecordWriter } from '../../../shared/wire/records.ts';
import { codeOfAsync } from '../../support/code-of.ts';

const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

describe('frames on a libp2p stream', () => {
  it.each([0, 1, 127, 128, 16_383, 16_384, FRAME_BYTES_MAX])(
    'carry %d bytes, in one part or many',
    async (length) => {
      const [a, b] = (await streamPair()).map((stream) => libp2pFrames(stream));
      const frame = Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff);
      await a?.write(frame);
      await a?.write([frame.subarray(0, 1), frame.subarray(1, 100), frame.subarray(100)]);
      expect(await b?.read()).toEqual(frame);
      expect(await b?.read()).toEqual(frame);
    },
  );

  it.each<[string, readonly number[], string]>([
    ['longer than the limit', [0x81, 0x80, 0x04], 'FRAME_SIZE'],
    ['with a length of four bytes', [0x80, 0x80, 0x80, 0x01], 'FRAME_SIZE'],
    ['with a length in longer form', [0x81, 0x00], 'FRAME_SIZE'],
  ])('refuse a frame %s', async (_name, bytes, code) => {
    const [raw, b] = await streamPair();
    raw.send(Uint8Array.from(bytes));
    expect(await codeOfAsync(libp2pFrames(b).read())).toBe(code);
  });

  it('refuse to write more than a frame may hold', async () => {
    const [a] = await streamPair();
    const write = libp2pFrames(a).write(new Uint8Array(FRAME_BYTES_MAX + 1));
    expect(await codeOfAsync(write)).toBe('FRAME_SIZE');
  });

  it('tell a frame cut short, an ended stream, and a reader that gave up', async () => {
    const [cut, b] = await streamPair();
    cut.send(Uint8Array.of(10, 1, 2));
    await cut.close();
    expect(await codeOfAsync(libp2pFrames(b).read())).toBe('CONNECTION_LOST');
    const [, d] = await streamPair();
    expect(await codeOfAsync(libp2pFrames(d).read(AbortSignal.timeout(20)))).toBe('TIMEOUT');
    const [e, f] = await streamPair();
    const reading = codeOfAsync(libp2pFrames(f).read());
    e.abort(new Error('cut'));
    expect(await reading).toBe('CONNECTION_LOST');
  });

  it('gives what came before the end', async () => {
    const [a, b] = await streamPair();
    const [from, to] = [libp2pFrames(a), libp2pFrames(b)];
    await from.write(Uint8Array.of(1));
    await from.write(Uint8Array.of(2));
    await from.close();
    await settle();
    expect([...(await to.read()), ...(await to.read())]).toEqual([1, 2]);
    expect(await codeOfAsync(to.read())).toBe('CONNECTION_LOST');
  });

  it('keep a sender from running ahead of a reader that does not read', async () => {
    const [a, b] = await streamPair();
    let paused = false;
    const pause = b.pause.bind(b);
    b.pause = () => {
      paused = true;
      pause();
    };
    const [from, to] = [libp2pFrames(a), libp2pFrames(b)];
    const frames = 10;
    for (let i = 0; i < frames; i++) void from.write(new Uint8Array(50_000).fill(i));
    await settle();
    expect(paused).toBe(true);
    for (let i = 0; i < frames; i++) expect((await to.read())[0]).toBe(i);
  });
});

describe('eager frames', () => {
  const accepted = concat(multistreamMessage(MULTISTREAM), multistreamMessage('/x/1'));

  it('send the proposal with the first frame, and take the acceptance out', async () => {
    const [a, b] = await streamPair();
    const received: Uint8Array[] = [];
    b.addEventListener('message', ({ data }) => received.push(data.subarray()));
    const frames = eagerFrames(a, '/x/1');
    await frames.write(Uint8Array.of(5, 6));
    await settle();
    expect(concat(...received)).toEqual(concat(accepted, Uint8Array.of(2, 5, 6)));
    b.send(concat(accepted, Uint8Array.of(1, 7)));
    expect(await frames.read()).toEqual(Uint8Array.of(7));
  });

  it('send the proposal alone if the node speaks first', async () => {
    const [a, b] = await streamPair();
    b.addEventListener('message', ({ data }) => {
      expect(data.subarray()).toEqual(accepted);
      b.send(concat(accepted, Uint8Array.of(1, 7)));
    });
    expect(await eagerFrames(a, '/x/1').read()).toEqual(Uint8Array.of(7));
  });

  it('refuse a node that answers with anything else', async () => {
    for (const answer of [multistreamMessage('na'), multistreamMessage('/x/2')]) {
      const [a, b] = await streamPair();
      b.send(concat(multistreamMessage(MULTISTREAM), answer));
      expect(await codeOfAsync(eagerFrames(a, '/x/1').read())).toBe('HANDSHAKE_REFUSED');
    }
  });
});

describe('a body of 100 MB over loopback', () => {
  it('never lies whole anywhere: the sender is never far ahead of a slow reader', async () => {
    const node = (listen: string[]) =>
      createLibp2p({
        addresses: { listen },
        transports: [tcp()],
        connectionEncrypters: [noise()],
        streamMuxers: [eagerYamux(new Set())],
        connectionGater: { denyDialMultiaddr: () => false },
      });
    const server = await node(['/ip4/127.0.0.1/tcp/0']);
    const client = await node([]);
    const suite = createNodeSuite();
    const key = () => ({
      key: new Uint8Array(32).fill(1),
      iv: new Uint8Array(12),
      next: new Uint8Array(48),
    });
    const total = 100_000_000;
    let [sent, received, ahead] = [0, 0, 0];
    const done = Promise.withResolvers<void>();
    await server.handle('/body/1', async (stream) => {
      const frames = libp2pFrames(stream);
      const reader = new RecordReader({ suite, frames }, { key: key(), stream: 1n });
      for await (const part of reader.readBody(2 * total)) {
        received += part.length;
        // Gives way to everything else in the process: the sender could run far ahead now.
        if (received < 20_000_000) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      done.resolve();
    });
    const connection = await client.dial(server.getMultiaddrs());
    const frames = libp2pFrames(await connection.newStream('/body/1'));
    const writer = new RecordWriter({ suite, frames }, { key: key(), stream: 1n });
    const piece = new Uint8Array(RECORD_CHUNK_BYTES);
    function* body() {
      for (; sent < total; sent += piece.length) {
        ahead = Math.max(ahead, sent - received);
        yield piece;
      }
    }
    await writer.writeBody(body());
    await done.promise;
    await client.stop();
    await server.stop();
    expect(received).toBe(sent);
    // Two windows of 1 MiB and what sockets of loopback hold.
    expect(ahead).toBeLessThan(4_000_000);
  }, 60_000);
});
