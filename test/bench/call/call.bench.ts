/** A small call on an open session, many in flight, the first one, and what stays in memory. */
import { readFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { descendants, startLocal } from '../../support/local-node.ts';
import { constantModule } from '../../support/modules.ts';
import { SMALL_CAPABILITY } from '../../support/small-capability.ts';
import type { Row } from '../row.ts';
import { startUnprotected } from './unprotected.ts';

const CALLS = 400;
const IN_FLIGHT = 16;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Round trip of 64 bytes over plain TCP on loopback: the floor of any call. */
async function loopback(): Promise<number> {
  const server = createServer((socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  const socket = createConnection(address.port, '127.0.0.1').setNoDelay(true);
  const times: number[] = [];
  for (let i = 0; i < CALLS; i++) {
    const started = performance.now();
    socket.write(new Uint8Array(64));
    await new Promise((resolve) => socket.once('data', resolve));
    times.push(performance.now() - started);
  }
  socket.destroy();
  server.close();
  return median(times);
}

async function residentMb(part: string): Promise<number> {
  let kb = 0;
  for (const pid of await descendants(part)) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    kb += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  }
  return kb / 1024;
}

export async function run(): Promise<Row[]> {
  const floor = await loopback();
  const node = await startLocal(SMALL_CAPABILITY);
  const request = { module: constantModule('{"n":7}'), args: {}, capability: 'small' };
  const firsts: number[] = [];
  for (let i = 0; i < 5; i++) {
    const cold = node.client();
    const peer = await cold.connect(node.parent.address);
    const started = performance.now();
    await cold.run(peer, request);
    firsts.push(performance.now() - started);
    await cold.close();
  }
  const client = node.client();
  const peer = await client.connect(node.parent.address);
  const unprotected = await startUnprotected();
  const times: number[] = [];
  const bare: number[] = [];
  // In turns, so that the machine's other work meets both; the first 50 warm both up.
  for (let i = -50; i < CALLS; i++) {
    const started = performance.now();
    await client.run(peer, request);
    const between = performance.now();
    await unprotected.call(request.module);
    if (i < 0) continue;
    times.push(between - started);
    bare.push(performance.now() - between);
  }
  unprotected.stop();
  let left = CALLS * 2;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (left-- > 0) await client.run(peer, request);
    }),
  );
  const rate = (CALLS * 2) / ((performance.now() - started) / 1000);
  const memory = (await residentMb('enclave/main')) + (await residentMb('nmp-sandbox'));
  await client.close();
  await node.stop();
  const call = median(times);
  const name = 'small call on an open session';
  const small = { area: 'call', name, value: call, unit: 'ms' } as const;
  return [
    { ...small, peer: 'TCP round trip on loopback', ratio: call / floor },
    { ...small, peer: 'node:tls and V8, without protection', ratio: call / median(bare) },
    { area: 'call', name: `calls a second, ${IN_FLIGHT} in flight`, value: rate, unit: '1/s' },
    { area: 'call', name: 'first verified call after connect', value: median(firsts), unit: 'ms' },
    { area: 'call', name: 'resident, node and sandbox', value: memory, unit: 'MiB' },
  ];
}
