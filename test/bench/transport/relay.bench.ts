/** The relay of the parent, in its own process, beside its unix socket spoken to directly. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RelayMetrics } from '../../../parent/metrics/relay-metrics.ts';
import { chooseRelay } from '../../../parent/relay/choose-relay.ts';
import { DEFAULT_RELAY_LIMITS } from '../../../parent/relay/relay.ts';
import { systemClock } from '../../../shared/runtime.ts';
import type { Row } from '../row.ts';

const BYTES = 256 << 20;
const ROUNDS = 5;
const PINGS = 2_000;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

async function open(to: NetConnectOpts): Promise<Socket> {
  const socket = connect({ ...to, noDelay: true, allowHalfOpen: true } as NetConnectOpts);
  await once(socket, 'connect');
  return socket;
}

/** MB/s until the other side says that it has all. */
async function throughput(to: NetConnectOpts): Promise<number> {
  const socket = await open(to);
  const chunk = Buffer.alloc(64 << 10, 7);
  const started = performance.now();
  for (let sent = 0; sent < BYTES; sent += chunk.length) {
    if (!socket.write(chunk)) await once(socket, 'drain');
  }
  socket.end();
  socket.resume();
  await once(socket, 'end');
  return BYTES / 1e3 / (performance.now() - started);
}

/** Median round trip of 64 bytes, ms. */
async function roundTrip(to: NetConnectOpts): Promise<number> {
  const socket = await open(to);
  const times: number[] = [];
  for (let i = 0; i < PINGS; i++) {
    const started = performance.now();
    socket.write(Buffer.alloc(64));
    await once(socket, 'data');
    times.push(performance.now() - started);
  }
  socket.destroy();
  return median(times);
}

/** This file is also its own child processes: `sink PATH`, which listens on TCP, too, and `relay PATH`. */
function serve(role: string, path: string): void {
  if (role === 'sink') {
    // Echoes short messages; of long ones it tells, at the end, that all has come.
    const serving = (socket: Socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => bytes.length <= 256 && socket.write(bytes));
      socket.on('end', () => socket.end('.'));
    };
    const options = { allowHalfOpen: true, noDelay: true };
    createServer(options, serving).listen(path, () => {
      const tcp = createServer(options, serving);
      tcp.listen(0, '127.0.0.1', () => process.send?.(tcp.address()));
    });
  } else {
    const enclave = { path, dial: () => connect({ path, allowHalfOpen: true }) };
    const host = '127.0.0.1';
    const components = { enclaves: [enclave], metrics: new RelayMetrics(), clock: systemClock };
    const relay = chooseRelay(components, host, DEFAULT_RELAY_LIMITS);
    relay.start({ host, port: 0 }).then((address) => process.send?.(address));
  }
  process.once('disconnect', () => process.exit(0));
}

if (process.argv[1] === import.meta.filename) {
  const [, , role = '', path = ''] = process.argv;
  serve(role, path);
}

export async function run(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nmp-bench-'));
  const path = join(folder, 'sink');
  const program = import.meta.filename;
  const sink = fork(program, ['sink', path], { execArgv: [] });
  const [sunk] = (await once(sink, 'message')) as [{ port: number }];
  const relay = fork(program, ['relay', path], { execArgv: [] });
  const [{ port }] = (await once(relay, 'message')) as [{ port: number }];
  const direct = { path };
  const tcp = { port: sunk.port, host: '127.0.0.1' };
  const through = { port, host: '127.0.0.1' };
  const rates = { direct: [] as number[], tcp: [] as number[], through: [] as number[] };
  const trips = { direct: [] as number[], through: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    rates.direct.push(await throughput(direct));
    rates.tcp.push(await throughput(tcp));
    rates.through.push(await throughput(through));
    trips.direct.push(await roundTrip(direct));
    trips.through.push(await roundTrip(through));
  }
  relay.kill();
  sink.kill();
  rmSync(folder, { recursive: true });
  const rate = median(rates.through);
  const directRate = median(rates.direct);
  const tcpRate = median(rates.tcp);
  return [
    {
      area: 'transport',
      name: 'relay, one connection',
      value: rate,
      unit: 'MB/s',
      peer: `its unix socket directly (${directRate.toFixed(0)} MB/s)`,
      ratio: rate / directRate,
    },
    {
      area: 'transport',
      name: 'relay, one connection, beside TCP',
      value: rate,
      unit: 'MB/s',
      peer: `TCP to the same process without a relay (${tcpRate.toFixed(0)} MB/s)`,
      ratio: rate / tcpRate,
    },
    {
      area: 'transport',
      name: 'relay, what it adds to a round trip',
      value: median(trips.through) - median(trips.direct),
      unit: 'ms',
      peer: `unix socket round trip (${median(trips.direct).toFixed(3)} ms)`,
      ratio: median(trips.through) / median(trips.direct),
    },
  ];
}
