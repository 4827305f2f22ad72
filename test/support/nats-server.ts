/** A NATS server with JetStream on loopback, where the machine has one. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = process.env.NMP_NATS_SERVER ?? 'nats-server';

/** Why there is none, or undefined. */
export const withoutNats: string | undefined =
  spawnSync(PROGRAM, ['--version']).status === 0
    ? undefined
    : 'nats-server is not installed (Debian package nats-server)';

export interface NatsServer {
  readonly url: string;
  readonly folder: string;
  readonly pid: number;
  stop(): Promise<void>;
}

async function portOf(folder: string, child: ChildProcess): Promise<number> {
  for (let i = 0; i < 200; i++) {
    const [file] = readdirSync(folder).filter((name) => name.endsWith('.ports'));
    if (file !== undefined) {
      const ports: { nats?: readonly string[] } = JSON.parse(
        readFileSync(join(folder, file), 'utf8'),
      );
      const port = Number(ports.nats?.[0]?.split(':').at(-1));
      if (port > 0) return port;
    }
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('nats-server did not start');
}

export async function startNats(): Promise<NatsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'nmp-nats-'));
  const child = spawn(
    PROGRAM,
    ['-a', '127.0.0.1', '-p', '-1', '-js', '-sd', join(folder, 'js'), '--ports_file_dir', folder],
    { stdio: 'ignore' },
  );
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const port = await portOf(folder, child);
  return {
    url: `nats://127.0.0.1:${port}`,
    folder,
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGKILL');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
