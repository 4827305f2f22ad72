/**
 * CPU time of the elicitation handshake, both ends, without checking a document and without the
 * NSM, beside TLS 1.3 with the same key exchange (X25519MLKEM768), both ends, in the same run.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { handshake } from '../../support/bare-handshake.ts';
import type { Row } from '../row.ts';

const ROUNDS = 7;
const PER_ROUND = 100;

async function tlsPeer(): Promise<{ connectOnce: () => Promise<void>; close: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'nmp-bench-'));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const args = 'req -x509 -newkey ed25519 -nodes -days 1 -subj /CN=bench';
  execFileSync('openssl', [...args.split(' '), '-keyout', key, '-out', cert], { stdio: 'ignore' });
  // Mutual authentication, as the handshake has: certificates of both sides are verified.
  const both = {
    key: readFileSync(key),
    cert: readFileSync(cert),
    ca: readFileSync(cert),
    minVersion: 'TLSv1.3',
    ecdhCurve: 'X25519MLKEM768',
  } as const;
  rmSync(folder, { recursive: true });
  const server = createServer({ ...both, requestCert: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('1'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    connectOnce: () =>
      new Promise<void>((resolve, reject) => {
        const address = server.address();
        if (typeof address !== 'object' || address === null) throw new Error('no address');
        const { port } = address;
        const options = { ...both, port, host: '127.0.0.1', checkServerIdentity: () => undefined };
        const socket = connect(options, () => {
          const info = socket.getEphemeralKeyInfo();
          if (!socket.authorized) reject(new Error(`TLS peer: ${JSON.stringify(info)}`));
          socket.write('1');
        });
        socket.once('data', () => socket.end());
        socket.once('close', () => resolve());
        socket.once('error', reject);
      }),
    close: () => void server.close(),
  };
}

/** Milliseconds of CPU of this process for one `act`. */
async function cpuMs(act: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < PER_ROUND; i++) await act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / PER_ROUND;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

export async function run(): Promise<Row[]> {
  const tls = await tlsPeer();
  const ours: number[] = [];
  const theirs: number[] = [];
  await cpuMs(handshake);
  await cpuMs(tls.connectOnce);
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await cpuMs(handshake));
    theirs.push(await cpuMs(tls.connectOnce));
  }
  tls.close();
  return [
    {
      area: 'transport',
      name: 'handshake, CPU of both ends',
      value: median(ours),
      unit: 'ms',
      peer: `TLS 1.3 X25519MLKEM768, mutual, with its TCP connection (${median(theirs).toFixed(2)} ms)`,
      ratio: median(ours) / median(theirs),
    },
  ];
}
