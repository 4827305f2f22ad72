/**
 * Round trips, counted: the time over a link with 50 ms each way, less the time of the same thing
 * without delay, by 100 ms. HTTPS and plain js-libp2p go over the same link in the same run, QUIC over
 * one of the same delay for datagrams.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { delayDatagrams } from '../../support/delay-datagrams.ts';
import { delayLink } from '../../support/delay-link.ts';
import { startLocal } from '../../support/local-node.ts';
import { constantModule } from '../../support/modules.ts';
import { SMALL_CAPABILITY } from '../../support/small-capability.ts';
import type { Row } from '../row.ts';

const ONE_WAY_MS = 50;
const REPEATS = 5;

const CONFIG = { ...SMALL_CAPABILITY, quic: true };

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await act();
  return performance.now() - started;
}

/** Medians of `measure` over the link, less those without it, in round trips. */
async function trips(
  target: number,
  measure: (port: number) => Promise<readonly number[]>,
  link: typeof delayLink = delayLink,
): Promise<number[]> {
  const far = await link(target, ONE_WAY_MS);
  const near = await link(target, 0);
  const runs: { far: readonly number[]; near: readonly number[] }[] = [];
  await measure(near.port);
  for (let i = 0; i < REPEATS; i++) {
    runs.push({ far: await measure(far.port), near: await measure(near.port) });
  }
  await far.stop();
  await near.stop();
  const kinds = runs[0]?.far.length ?? 0;
  return Array.from({ length: kinds }, (_, kind) => {
    const of = (side: 'far' | 'near') => median(runs.map((one) => one[side][kind] ?? Number.NaN));
    return (of('far') - of('near')) / (2 * ONE_WAY_MS);
  });
}

async function httpsTrips(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'nmp-bench-'));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const args =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=bench';
  execFileSync('openssl', [...args.split(' '), '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const server = createServer(
    { key: readFileSync(key), cert: readFileSync(cert) },
    (_request, response) => response.end('7'),
  );
  rmSync(folder, { recursive: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  const [counted] = await trips(address.port, async (port) => [
    await timed(
      () =>
        new Promise<void>((resolve, reject) => {
          const options = { port, host: '127.0.0.1', agent: false, rejectUnauthorized: false };
          get(options, (response) => response.resume().once('end', resolve)).once('error', reject);
        }),
    ),
  ]);
  server.close();
  return counted ?? Number.NaN;
}

async function plainLibp2pTrips(): Promise<number> {
  const plain = (listen: string[]) =>
    createLibp2p({
      addresses: { listen },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
    });
  const server = await plain(['/ip4/127.0.0.1/tcp/0']);
  await server.handle('/bench/1.0.0', (stream) => {
    stream.addEventListener('message', ({ data }) => stream.send(data), { once: true });
  });
  const listening = server.getMultiaddrs()[0];
  const port = Number(listening?.getComponents().find(({ name }) => name === 'tcp')?.value);
  const [counted] = await trips(port, async (linkPort) => {
    const client = await plain([]);
    const address = multiaddr(`/ip4/127.0.0.1/tcp/${linkPort}/p2p/${server.peerId}`);
    const elapsed = await timed(async () => {
      const stream = await client.dialProtocol(address, '/bench/1.0.0');
      const answer = new Promise((resolve) => stream.addEventListener('message', resolve));
      stream.send(new Uint8Array(64));
      await answer;
    });
    await client.stop();
    return [elapsed];
  });
  await server.stop();
  return counted ?? Number.NaN;
}

export async function run(): Promise<Row[]> {
  const node = await startLocal(CONFIG);
  const [, port, peer] = /\/tcp\/(\d+)\/p2p\/(.+)$/.exec(node.parent.address) ?? [];
  if (peer === undefined) throw new Error('no address');
  const request = { module: constantModule('{"n":7}'), args: {}, capability: 'small' };
  const asked = async (address: string) => {
    const client = node.client();
    const first = await timed(async () => {
      await client.run(await client.connect(address), request);
    });
    const again = await timed(() => client.attest(peer));
    const call = await timed(() => client.run(peer, request));
    await client.close();
    return [first, again, call];
  };
  const overTcp = (linkPort: number) => asked(`/ip4/127.0.0.1/tcp/${linkPort}/p2p/${peer}`);
  const [cold, attested, second] = await trips(Number(port), overTcp);
  const [, udp] = /\/udp\/(\d+)\/quic-v1/.exec(node.parent.quicAddress ?? '') ?? [];
  const [coldQuic] = await trips(
    Number(udp),
    (linkPort) => asked(`/ip4/127.0.0.1/udp/${linkPort}/quic-v1/p2p/${peer}`),
    delayDatagrams,
  );
  await node.stop();
  const https = await httpsTrips();
  const plain = await plainLibp2pTrips();
  const unit = 'round trips';
  const value = (count: number | undefined) => count ?? Number.NaN;
  return [
    {
      area: 'transport',
      name: 'cold start to first attested answer (TCP)',
      value: value(cold),
      unit,
      peer: `HTTPS, first byte (${https.toFixed(2)})`,
      ratio: value(cold) / https,
    },
    {
      area: 'transport',
      name: 'cold start to first attested answer (TCP)',
      value: value(cold),
      unit,
      peer: `plain js-libp2p, unattested (${plain.toFixed(2)})`,
      ratio: value(cold) / plain,
    },
    {
      area: 'transport',
      name: 'cold start to first attested answer (QUIC)',
      value: value(coldQuic),
      unit,
      peer: `HTTPS, first byte (${https.toFixed(2)})`,
      ratio: value(coldQuic) / https,
    },
    {
      area: 'transport',
      name: 'cold start to first attested answer (QUIC)',
      value: value(coldQuic),
      unit,
      peer: `plain js-libp2p, unattested (${plain.toFixed(2)})`,
      ratio: value(coldQuic) / plain,
    },
    { area: 'transport', name: 'attested session, open connection', value: value(attested), unit },
    { area: 'transport', name: 'later call, open session', value: value(second), unit },
  ];
}
