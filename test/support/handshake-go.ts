/** The elicitation handshake by Go's standard library (test/oracle/handshake-go), as a process. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Uint8ArrayList } from 'uint8arraylist';
import { concat } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import type { FrameChannel } from '../../shared/wire/frames.ts';
import { goProgram } from './go-program.ts';

/** Undefined where Go 1.26 is missing. */
export function handshakeOracle(): string | undefined {
  return goProgram('handshake-go');
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
