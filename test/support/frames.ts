/** Two ends of an in-memory `FrameChannel`, with a hook on what passes. */
import { Uint8ArrayList } from 'uint8arraylist';
import { concat } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import type { FrameChannel } from '../../shared/wire/frames.ts';

/** Sees each frame and answers with the frames that arrive instead. */
export type Tamper = (frame: Uint8Array, index: number) => readonly Uint8Array[];

class Pipe {
  readonly #queue: Uint8Array[] = [];
  #waiting: (() => void) | undefined;
  #ended: NmpError | undefined;
  #index = 0;
  readonly #tamper: Tamper;

  constructor(tamper: Tamper) {
    this.#tamper = tamper;
  }

  push(frame: Uint8Array): void {
    this.#queue.push(...this.#tamper(Uint8Array.from(frame), this.#index++));
    this.#waiting?.();
  }

  end(): void {
    this.#ended = new NmpError('CONNECTION_LOST');
    this.#waiting?.();
  }

  async shift(signal?: AbortSignal): Promise<Uint8Array> {
    for (;;) {
      const frame = this.#queue.shift();
      if (frame !== undefined) return frame;
      if (this.#ended !== undefined) throw this.#ended;
      await new Promise<void>((resolve, reject) => {
        this.#waiting = resolve;
        signal?.addEventListener('abort', () => reject(new NmpError('TIMEOUT')), { once: true });
      });
    }
  }
}

const honest: Tamper = (frame) => [frame];

export function framePair(
  tamper: { readonly toB?: Tamper; readonly toA?: Tamper } = {},
): readonly [a: FrameChannel, b: FrameChannel] {
  const toB = new Pipe(tamper.toB ?? honest);
  const toA = new Pipe(tamper.toA ?? honest);
  const end = (read: Pipe, write: Pipe): FrameChannel => ({
    read: (signal) => read.shift(signal),
    readList: async (signal) => new Uint8ArrayList(await read.shift(signal)),
    write: async (frame) => write.push(frame instanceof Uint8Array ? frame : concat(...frame)),
    close: async () => write.end(),
    abort: () => {
      write.end();
      read.end();
    },
  });
  return [end(toA, toB), end(toB, toA)];
}
