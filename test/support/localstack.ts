/** LocalStack's KMS on loopback, from the environment that scripts/localstack.sh keeps. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 200;

/** Folder of the environment, or why there is none. */
export function localStack(): { readonly folder: string } | { readonly missing: string } {
  const script = join(import.meta.dirname, '../../scripts/localstack.sh');
  const install = process.env.NMP_KMS === '1' ? ['--install'] : [];
  const { status, stdout, stderr } = spawnSync('bash', [script, ...install], { encoding: 'utf8' });
  if (status === 0) return { folder: stdout.trim() };
  return { missing: stderr.trim().split('\n').at(-1) ?? '' };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export interface LocalStack {
  readonly endpoint: string;
  stop(): Promise<void>;
}

export async function startLocalStack(folder: string): Promise<LocalStack> {
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const state = mkdtempSync(join(tmpdir(), 'nmp-kms-'));
  const child = spawn(join(folder, 'bin/python'), ['-m', 'localstack.runtime.main'], {
    cwd: state,
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      HOME: state,
      TMPDIR: state,
      SERVICES: 'kms',
      GATEWAY_LISTEN: endpoint.slice('http://'.length),
      LOCALSTACK_VOLUME_DIR: state,
      DISABLE_EVENTS: '1',
      SKIP_SSL_CERT_DOWNLOAD: '1',
    },
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(state, { recursive: true, force: true });
  };
  for (const until = Date.now() + START_TIMEOUT_MS; Date.now() < until; ) {
    const health = await fetch(`${endpoint}/_localstack/health`).catch(() => undefined);
    if (health?.ok === true) return { endpoint, stop };
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  await stop();
  throw new Error('LocalStack did not start');
}
