/** What came and was not read yet, bounded in bytes. */
import { NmpError } from '../../../shared/errors.ts';

export class Inbox {
  #bytesMax: number;
  readonly #queue: Uint8Array[] = [];
  #bytes = 0;
  #failure: NmpError | undefined;
  #wake: (() => void) | undefined;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Lets more wait, of a sender that has proved what it is. */
  widen(bytesMax: number): void {
    this.#bytesMax = bytesMax;
  }

  /** More than may wait ends the box: a sender that does not wait for answers is none of ours. */
  push(body: Uint8Array): void {
    if (this.#failure !== undefined) return;
    this.#bytes += body.length;
    if (this.#bytes > this.#bytesMax) {
      this.end(new NmpError('FRAME_SIZE'));
      return;
    }
    this.#queue.push(body);
    this.#wake?.();
  }

  end(failure: NmpError): void {
    this.#failure ??= failure;
    this.#wake?.();
  }

  /** @throws NmpError TIMEOUT, or what the box ended with */
  async next(signal: AbortSignal): Promise<Uint8Array> {
    for (;;) {
      if (signal.aborted) throw reasonOf(signal);
      const body = this.#queue.shift();
      if (body !== undefined) {
        this.#bytes -= body.length;
        return body;
      }
      if (this.#failure !== undefined) throw this.#failure;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const onAbort = () => resolve();
      signal.addEventListener('abort', onAbort, { once: true });
      await promise;
      signal.removeEventListener('abort', onAbort);
    }
  }
}

function reasonOf(signal: AbortSignal): NmpError {
  return signal.reason instanceof NmpError ? signal.reason : new NmpError('TIMEOUT');
}
