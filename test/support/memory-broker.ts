/**
 * A broker in memory that does to messages what a test tells it to: the place where NATS and both
 * parents stand. Everything that passes is kept, for a test to look through.
 */

import type { Box, BoxName, JobBroker, Taken } from '../../enclave/prove/jobs/broker.ts';
import { Inbox } from '../../enclave/prove/jobs/inbox.ts';
import { NmpError } from '../../shared/errors.ts';

/** As a queue waits before it gives an offer to the next. */
const AGAIN_MS = 20;

export interface Passing {
  readonly to: BoxName;
  readonly body: Uint8Array;
}

/** What arrives in place of one message. */
export type Interference = (message: Passing) => readonly Passing[];

export class MemoryBroker implements JobBroker {
  readonly passed: Passing[] = [];
  readonly offers: Uint8Array[] = [];
  interfere: Interference = (message) => [message];
  /** What becomes of an offer on its way. */
  tamperOffer: (offer: Uint8Array) => readonly Uint8Array[] = (offer) => [offer];
  readonly #boxes = new Map<BoxName, Inbox>();
  #queue: { readonly name: BoxName; readonly offer: Uint8Array }[] = [];
  #wake = new Set<() => void>();

  open(name: BoxName): Box {
    const inbox = new Inbox(10 * 1024 * 1024);
    this.#boxes.set(name, inbox);
    return {
      name,
      next: (signal) => inbox.next(signal),
      close: () => {
        this.#boxes.delete(name);
        this.#queue = this.#queue.filter((waiting) => waiting.name !== name);
        inbox.end(new NmpError('CONNECTION_LOST'));
      },
    };
  }

  get openBoxes(): number {
    return this.#boxes.size;
  }

  offer(name: BoxName, offer: Uint8Array): void {
    this.offers.push(offer);
    for (const told of this.tamperOffer(offer)) this.#queue.push({ name, offer: told });
    this.#rouse();
  }

  send(to: BoxName, body: Uint8Array): void {
    const message = { to, body: Uint8Array.from(body) };
    this.passed.push(message);
    for (const told of this.interfere(message)) this.inject(told);
  }

  inject({ to, body }: Passing): void {
    this.#boxes.get(to)?.push(Uint8Array.from(body));
  }

  async take(signal: AbortSignal): Promise<Taken> {
    for (;;) {
      if (signal.aborted) throw new NmpError('TIMEOUT');
      const entry = this.#queue.shift();
      if (entry !== undefined) {
        return {
          offer: entry.offer,
          working: () => undefined,
          done: () => undefined,
          again: () => {
            setTimeout(() => {
              if (!this.#boxes.has(entry.name)) return;
              this.#queue.push(entry);
              this.#rouse();
            }, AGAIN_MS);
          },
        };
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake.add(resolve);
      const onAbort = () => resolve();
      signal.addEventListener('abort', onAbort, { once: true });
      await promise;
      signal.removeEventListener('abort', onAbort);
      this.#wake.delete(resolve);
    }
  }

  #rouse(): void {
    for (const wake of [...this.#wake]) wake();
  }
}
