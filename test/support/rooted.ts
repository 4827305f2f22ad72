/**
 * Runs the files of an image in a root of their own on this machine, as the first process of an image
 * would: the node's program, user 1000, its sockets in /run/nmp. What stands behind them is the kernel of
 * this machine, unix sockets in place of vsock, and a device that is simulated.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Nsm } from '../../enclave/attest/nsm.ts';
import type { ImageEntry } from '../../enclave/image/origin.ts';
import { writeTree } from '../../enclave/image/tree.ts';
import type { MachineDriver } from '../../parent/supervisor/machine.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../../shared/wire/cbor.ts';

/** The node's user, in namespaces of its own: of users, processes and mounts. */
const UNSHARE = [
  ...['--user', '--map-user=1000', '--map-group=1000'],
  ...['--pid', '--fork', '--kill-child', '--mount-proc', '--root'],
] as const;

/** Whether this machine lets us have such a root. */
export const mayHaveRoot = spawnSync('unshare', [...UNSHARE, '/', '/bin/true']).status === 0;

/** Command and arguments that start a program of a root; it ends with that command. */
export function inRoot(root: string, words: readonly string[]): [string, readonly string[]] {
  return ['unshare', [...UNSHARE, root, ...words]];
}

const REQUEST_BYTES_MAX = 4096;

function framed(body: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

const bytes = (value: unknown) =>
  value instanceof Uint8Array ? Uint8Array.from(value) : undefined;

/** What the device answers, without its name. */
async function answerOf(
  nsm: Nsm,
  name: string,
  fields: ReadonlyMap<unknown, unknown>,
): Promise<CborValue | undefined> {
  const index = Number(fields.get('index') ?? fields.get('range') ?? 0);
  switch (name) {
    case 'Attestation': {
      const [userData, nonce, publicKey] = ['user_data', 'nonce', 'public_key'].map((key) =>
        bytes(fields.get(key)),
      );
      const document = await nsm.attest({
        ...(userData && { userData }),
        ...(nonce && { nonce }),
        ...(publicKey && { publicKey }),
      });
      return new Map([['document', document]]);
    }
    case 'DescribePCR': {
      const { locked, value } = await nsm.describePcr(index);
      return new Map<string, CborValue>([
        ['lock', locked],
        ['data', value],
      ]);
    }
    case 'ExtendPCR': {
      const data = await nsm.extendPcr(index, bytes(fields.get('data')) ?? new Uint8Array(0));
      return new Map([['data', data]]);
    }
    case 'LockPCR':
      await nsm.lockPcr(index);
      return undefined;
    case 'GetRandom':
      return new Map([['random', await nsm.random(64)]]);
    default:
      throw new Error(`the device is asked for ${name}`);
  }
}

function serveDevice(nsm: Nsm, socket: Socket): void {
  let received = Buffer.alloc(0);
  let turn = Promise.resolve();
  const answer = async (body: Uint8Array) => {
    const request = decodeCbor(body, REQUEST_BYTES_MAX);
    const [name, fields]: unknown[] =
      request instanceof Map ? ([...request][0] ?? []) : [request, new Map()];
    if (typeof name !== 'string' || !(fields instanceof Map)) throw new Error('no request');
    const given = await answerOf(nsm, name, fields);
    socket.write(framed(encodeCbor(given === undefined ? name : new Map([[name, given]]))));
  };
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 4 && received.length >= 4 + received.readUInt32BE(0)) {
      const body = Uint8Array.from(received.subarray(4, 4 + received.readUInt32BE(0)));
      received = received.subarray(4 + body.length);
      turn = turn.then(() => answer(body)).catch(() => void socket.destroy());
    }
  });
}

function joinTo(path: string, near: Socket): void {
  const far = connect(path);
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    from.on('error', () => undefined);
    from.on('close', () => to.destroy());
    from.pipe(to);
  }
}

export interface RootedInit {
  readonly contents: readonly ImageEntry[];
  /** Folder for the root; made anew at each boot. */
  readonly folder: string;
  readonly createNsm: () => Nsm;
}

export function createRootedDriver({ contents, folder, createNsm }: RootedInit): MachineDriver {
  return {
    async boot(directory) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      writeTree(contents, folder);
      const run = join(folder, 'run', 'nmp');
      mkdirSync(run, { recursive: true });
      for (const open of [run, join(folder, 'tmp')]) chmodSync(open, 0o777);
      const sockets = new Set<Socket>();
      const servers: Server[] = [];
      const listen = (path: string, serve: (socket: Socket) => void) =>
        new Promise<void>((resolve) => {
          const server = createServer({ allowHalfOpen: true }, (socket) => {
            sockets.add(socket);
            socket.on('error', () => undefined);
            socket.once('close', () => sockets.delete(socket));
            serve(socket);
          });
          servers.push(server);
          server.listen(path, () => {
            chmodSync(path, 0o777);
            resolve();
          });
        });
      const nsm = createNsm();
      await listen(join(run, 'nsm.sock'), (socket) => serveDevice(nsm, socket));
      await listen(join(run, 'control.sock'), (near) =>
        joinTo(join(directory, 'vsock_5007'), near),
      );
      await listen(join(run, 'dial.sock'), (near) => joinTo(join(directory, 'vsock_5006'), near));
      await listen(join(directory, 'mesh.sock'), (near) => joinTo(join(run, 'mesh.sock'), near));
      const words = readFileSync(join(folder, 'app', 'command'), 'utf8')
        .trim()
        .split('\n');
      const child = spawn(...inRoot(folder, words), {
        env: { HOME: '/' },
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      const ended = new Promise<number | null>((resolve) => {
        child.once('error', () => resolve(null));
        child.once('exit', (code) => resolve(code));
      });
      return {
        ended,
        stop: async () => {
          child.kill('SIGKILL');
          await ended;
          for (const socket of sockets) socket.destroy();
          for (const server of servers) server.close();
        },
      };
    },
  };
}
