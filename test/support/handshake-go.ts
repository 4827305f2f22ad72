/** The elicitation handshake by Go's standard library (test/oracle/handshake-go), as a process. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Uint8ArrayList } from 'uint8arraylist';
import { concat } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import type { FrameChannel } from '../../shared/wire/frames.ts';

const FOLDER = join(import.meta.dirname, '..', 'oracle', 'handshake-go');
const CACHE = process.env.NMP_CACHE ?? join(homedir(), '.cache', 'nmp-enclave');

/** Builds the program once, keyed by its sources; undefined where Go 1.26 is missing. */
export function handshakeOracle(): string | undefined {
  const hash = createHash('sha256');
  for (const file of ['main.go', 'go.mod']) hash.update(readFileSync(join(FOLDER, file)));
  const program = join(CACHE, `handshake-oracle-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(program)) return program;
  mkdirSync(CACHE, { recursive: true });
  const args = ['build', '-trimpath', '-o', program, '.'];
  const { status } = spawnSync('go', args, { cwd: FOLDER, encoding: 'utf8' });
  return status === 0 ? program : undefined;
}

export interface GoPeer {
  readonly frames: FrameChannel;
  /** What it wrote to standard error, once it has ended with `status`. */
  readonly ended: Promise<{ readonly status: number | null; readonly told: string }>;
}

function varint(length: number): Uint8Array {
  const bytes: number[] = [];
  let rest = length;
  for (; rest > 0x7f; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Uint8Array.of(...bytes, rest);
}

function framesOf(child: ChildProcessWithoutNullStreams): FrameChannel {
  const input = child.stdout[Symbol.asyncIterator]();
  let buffered: Uint8Array = new Uint8Array(0);
  const take = async (length: number): Promise<Uint8Array> => {
    while (buffered.length < length) {
      const { value, done } = await input.next();
      if (done === true) throw new NmpError('CONNECTION_LOST');
      buffered = concat(buffered, value);
    }
    const taken = buffered.subarray(0, length);
    buffered = buffered.subarray(length);
    return taken;
  };
  const read = async () => {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const [byte = 0] = await take(1);
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) return take(length);
    }
  };
  return {
    read,
    readList: async () => new Uint8ArrayList(await read()),
    async write(frame) {
      const bytes = frame instanceof Uint8Array ? frame : concat(...frame);
      child.stdin.write(concat(varint(bytes.length), bytes));
    },
    close: async () => void child.stdin.end(),
    abort: () => void child.kill(),
  };
}

/** @param args as in the program's own usage line */
export function startGoPeer(program: string, args: readonly string[]): GoPeer {
  const child = spawn(program, args, { stdio: 'pipe' });
  child.stdin.on('error', () => undefined);
  let told = '';
  child.stderr.on('data', (chunk) => {
    told += chunk;
  });
  const ended = new Promise<{ status: number | null; told: string }>((resolve) =>
    child.once('close', (status) => resolve({ status, told })),
  );
  return { frames: framesOf(child), ended };
}
