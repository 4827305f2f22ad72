/**
 * Serves an enclave's link for proof jobs: opens boxes, passes bodies on, takes offers for it. What is
 * not settled when the enclave ends is given to another prover at once.
 */
import type { Duplex } from 'node:stream';
import { encodeLinkMessage, type LinkMessage, LinkMessages } from '../../shared/wire/job-link.ts';
import type { JobBus, OfferHandle } from './job-bus.ts';

export interface JobRelayLimits {
  /** Open at once, of one enclave. */
  readonly boxes: number;
  /** Offers asked for or taken at once. */
  readonly takes: number;
  /** Bytes that an enclave has not read; more than that and it is taken for dead. */
  readonly unsentBytes: number;
}

export const DEFAULT_JOB_RELAY_LIMITS: JobRelayLimits = {
  boxes: 256,
  takes: 4,
  unsentBytes: 32 * 1024 * 1024,
};

class Link {
  readonly #bus: JobBus;
  readonly #stream: Duplex;
  readonly #limits: JobRelayLimits;
  readonly #ended = new AbortController();
  readonly #boxes = new Map<string, () => void>();
  /** By the name of the box; undefined while it is on its way out. */
  readonly #offers = new Map<string, (() => void) | undefined>();
  readonly #asking = new Set<string>();
  readonly #taken = new Map<string, OfferHandle>();

  constructor(bus: JobBus, stream: Duplex, limits: JobRelayLimits) {
    this.#bus = bus;
    this.#stream = stream;
    this.#limits = limits;
    const messages = new LinkMessages();
    stream.on('data', (chunk: Uint8Array) => {
      try {
        for (const message of messages.push(chunk)) this.#hear(message);
      } catch {
        // An enclave that does not speak the protocol is not listened to.
        stream.destroy();
      }
    });
    stream.on('error', () => undefined);
    stream.once('close', () => this.#end());
  }

  #hear({ word, name, body }: LinkMessage): void {
    if (word === 'open') this.#open(name);
    else if (word === 'close') this.#close(name);
    else if (word === 'offer') void this.#offer(name, body);
    else if (word === 'send') this.#bus.send(name, body);
    else if (word === 'take') void this.#take(name);
    else if (word === 'working') this.#taken.get(name)?.working();
    else if (word === 'done' || word === 'again') {
      this.#taken.get(name)?.[word]();
      this.#taken.delete(name);
    } else this.#stream.destroy();
  }

  #say(word: LinkMessage['word'], name: string, body: Uint8Array): void {
    if (this.#stream.writableLength > this.#limits.unsentBytes) this.#stream.destroy();
    else this.#stream.write(encodeLinkMessage({ word, name, body }));
  }

  #open(name: string): void {
    if (this.#boxes.has(name)) return;
    if (this.#boxes.size >= this.#limits.boxes) {
      this.#stream.destroy();
      return;
    }
    this.#boxes.set(
      name,
      this.#bus.listen(name, (body) => this.#say('mail', name, body)),
    );
  }

  #close(name: string): void {
    this.#boxes.get(name)?.();
    this.#boxes.delete(name);
    this.#offers.get(name)?.();
    this.#offers.delete(name);
  }

  async #offer(name: string, body: Uint8Array): Promise<void> {
    if (!this.#boxes.has(name) || this.#offers.has(name)) return;
    this.#offers.set(name, undefined);
    try {
      const withdraw = await this.#bus.offer(body);
      if (this.#offers.has(name)) this.#offers.set(name, withdraw);
      else withdraw();
    } catch {
      // The queue is full or gone: the node hears nothing and offers anew.
      this.#offers.delete(name);
    }
  }

  async #take(name: string): Promise<void> {
    if (this.#asking.size + this.#taken.size >= this.#limits.takes) {
      this.#stream.destroy();
      return;
    }
    this.#asking.add(name);
    const handle = await this.#bus.take(this.#ended.signal).catch(() => undefined);
    this.#asking.delete(name);
    if (handle === undefined) return;
    if (this.#ended.signal.aborted) {
      handle.again();
      return;
    }
    this.#taken.set(name, handle);
    this.#say('taken', name, handle.body);
  }

  #end(): void {
    this.#ended.abort();
    for (const name of [...this.#boxes.keys()]) this.#close(name);
    for (const handle of this.#taken.values()) handle.again();
    this.#taken.clear();
  }
}

/** Serves one enclave's stream until it ends. */
export function serveJobLink(
  bus: JobBus,
  stream: Duplex,
  limits: JobRelayLimits = DEFAULT_JOB_RELAY_LIMITS,
): void {
  new Link(bus, stream, limits);
}
