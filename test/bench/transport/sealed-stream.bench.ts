/**
 * A stream of sealed records over our client's transport, beside a stream of stock js-libp2p with
 * only Noise: the same bytes over loopback TCP, alternately; both ends in this process.
 */
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p, type Libp2pOptions } from 'libp2p';
import { eagerYamux } from '../../../client/mesh/eager-muxer.ts';
import { eagerTcp } from '../../../client/mesh/eager-tcp.ts';
import { noiseCrypto } from '../../../shared/crypto/noise-node.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { systemRandom } from '../../../shared/runtime.ts';
import { RECORD_CHUNK_BYTES } from '../../../shared/wire/constants.ts';
import { libp2pFrames } from '../../../shared/wire/frames.ts';
import { RECORD, RecordReader, RecordWriter } from '../../../shared/wire/records.ts';
import type { Row } from '../row.ts';

const BYTES = 32 << 20;
const ROUNDS = 15;

const suite = createNodeSuite();
const key = {
  key: systemRandom.bytes(32),
  iv: systemRandom.bytes(12),
  next: systemRandom.bytes(48),
};

type Parts = Required<Pick<Libp2pOptions, 'transports' | 'connectionEncrypters' | 'streamMuxers'>>;

/** A connected pair; both ends live in this process. */
async function pair(parts: Parts) {
  const gate = { connectionGater: { denyDialMultiaddr: () => false } };
  const listen = ['/ip4/127.0.0.1/tcp/0'];
  const server = await createLibp2p({ ...parts, ...gate, addresses: { listen } });
  const client = await createLibp2p({ ...parts, ...gate });
  const connection = await client.dial(server.getMultiaddrs());
  const stop = async () => {
    await client.stop();
    await server.stop();
  };
  return { server, connection, stop };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

export async function run(): Promise<Row[]> {
  const stock = await pair({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  });
  const ours = await pair({
    transports: [eagerTcp()],
    connectionEncrypters: [noise({ crypto: noiseCrypto })],
    streamMuxers: [eagerYamux(new Set())],
  });
  let arrived = Promise.withResolvers<void>();
  await stock.server.handle('/plain/1.0.0', (stream) => {
    let left = BYTES;
    stream.addEventListener('message', ({ data }) => {
      left -= data.byteLength;
      if (left <= 0) arrived.resolve();
    });
  });
  await ours.server.handle('/sealed/1.0.0', async (stream) => {
    const reader = new RecordReader({ suite, frames: libp2pFrames(stream) }, { key, stream: 1n });
    for (;;) {
      if ((await reader.read()).type === RECORD.end) break;
    }
    arrived.resolve();
  });
  const chunk = new Uint8Array(RECORD_CHUNK_BYTES);
  const plain = async () => {
    const stream = await stock.connection.newStream('/plain/1.0.0');
    for (let sent = 0; sent < BYTES; sent += chunk.length) {
      if (stream.send(chunk)) continue;
      await new Promise((resolve) => stream.addEventListener('drain', resolve, { once: true }));
    }
    await arrived.promise;
    await stream.close();
  };
  const sealed = async () => {
    const stream = await ours.connection.newStream('/sealed/1.0.0');
    const frames = libp2pFrames(stream);
    const writer = new RecordWriter({ suite, frames }, { key, stream: 1n });
    for (let sent = 0; sent < BYTES; sent += chunk.length) await writer.write(RECORD.data, chunk);
    await writer.write(RECORD.end, new Uint8Array(0));
    await arrived.promise;
    await stream.close();
  };
  // By the CPU time of this process, in which both ends are: neighbours on the machine do not count.
  const rate = async (act: () => Promise<void>) => {
    arrived = Promise.withResolvers<void>();
    const before = process.cpuUsage();
    await act();
    const { user, system } = process.cpuUsage(before);
    return BYTES / (user + system);
  };
  const rates = { plain: [] as number[], sealed: [] as number[] };
  await rate(plain);
  await rate(sealed);
  for (let round = 0; round < ROUNDS; round++) {
    rates.plain.push(await rate(plain));
    rates.sealed.push(await rate(sealed));
  }
  await stock.stop();
  await ours.stop();
  const value = median(rates.sealed);
  return [
    {
      area: 'transport',
      name: 'stream of sealed records',
      value,
      unit: 'MB per CPU second',
      peer: `Noise-only stream of stock js-libp2p (${median(rates.plain).toFixed(0)})`,
      ratio: value / median(rates.plain),
    },
  ];
}
