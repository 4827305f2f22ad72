/** The broker as the enclave has it: a stream to its parent, made anew when it ends. */

import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { toBase64Url } from '../../../shared/bytes.ts';
import { NmpError } from '../../../shared/errors.ts';
import type { Random } from '../../../shared/runtime.ts';
import {
  encodeLinkMessage,
  JOB_LINK,
  type LinkMessage,
  LinkMessages,
  type LinkWord,
} from '../../../shared/wire/job-link.ts';
import { dialThrough } from '../../mesh/dial-through.ts';
import { BOX_BYTES } from './box-frames.ts';
import type { Box, BoxName, JobBroker, Taken } from './broker.ts';
import { Inbox } from './inbox.ts';

export interface JobLinkInit {
  /** Unix socket of the parent's dial proxy. */
  readonly dialPath: string;
  readonly retryMs?: number;
}

/** A request or receipt of 8 MiB in frames, and some more. */
const BOX_BYTES_MAX = 10 * 1024 * 1024;
/** Unsent bytes beyond which the link is taken for dead. */
const UNSENT_BYTES_MAX = 32 * 1024 * 1024;
const RETRY_MS = 1_000;
const NOTHING = new Uint8Array(0);

export interface JobLink extends JobBroker {
  stop(): void;
}

class ParentLink implements JobLink {
  readonly #random: Random;
  readonly #init: JobLinkInit;
  readonly #boxes = new Map<BoxName, Inbox>();
  /** Of open boxes. */
  readonly #offers = new Map<BoxName, Uint8Array>();
  /** Askings for an offer that were not answered, by their names. */
  readonly #asking = new Map<string, (offer: Uint8Array) => void>();
  readonly #stopped = new AbortController();
  #socket: Socket | undefined;

  constructor({ random }: { readonly random: Random }, init: JobLinkInit) {
    this.#random = random;
    this.#init = init;
    void this.#connect();
  }

  open(name: BoxName): Box {
    const inbox = new Inbox(BOX_BYTES_MAX);
    this.#boxes.set(name, inbox);
    this.#say('open', name);
    return {
      name,
      next: (signal) => inbox.next(signal),
      close: () => {
        this.#boxes.delete(name);
        this.#offers.delete(name);
        this.#say('close', name);
        inbox.end(new NmpError('CONNECTION_LOST'));
      },
    };
  }

  offer(name: BoxName, offer: Uint8Array): void {
    this.#offers.set(name, offer);
    this.#say('offer', name, offer);
  }

  send(to: BoxName, body: Uint8Array): void {
    this.#say('send', to, body);
  }

  async take(signal: AbortSignal): Promise<Taken> {
    const name = toBase64Url(this.#random.bytes(BOX_BYTES));
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const onAbort = () => reject(new NmpError('TIMEOUT'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#asking.set(name, resolve);
    this.#say('take', name);
    try {
      const offer = await promise;
      return {
        offer,
        working: () => this.#say('working', name),
        done: () => this.#say('done', name),
        again: () => this.#say('again', name),
      };
    } finally {
      this.#asking.delete(name);
      signal.removeEventListener('abort', onAbort);
    }
  }

  stop(): void {
    this.#stopped.abort();
    this.#socket?.destroy();
    for (const inbox of this.#boxes.values()) inbox.end(new NmpError('CONNECTION_LOST'));
  }

  /** What is said without a link is lost, but for what `#serve` says again. */
  #say(word: LinkWord, name: string, body: Uint8Array = NOTHING): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    if (socket.writableLength > UNSENT_BYTES_MAX) {
      socket.destroy();
      return;
    }
    socket.write(encodeLinkMessage({ word, name, body }));
  }

  async #connect(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        await this.#serve(await dialThrough(this.#init.dialPath, JOB_LINK, signal));
      } catch {
        // The parent is not there yet, or no longer: it is tried again.
      }
      this.#socket = undefined;
      await pause(this.#init.retryMs ?? RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #serve(socket: Socket): Promise<void> {
    const messages = new LinkMessages();
    this.#socket = socket;
    // A parent that starts anew knows nothing of before.
    for (const name of this.#boxes.keys()) this.#say('open', name);
    for (const [name, offer] of this.#offers) this.#say('offer', name, offer);
    for (const name of this.#asking.keys()) this.#say('take', name);
    return new Promise((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        try {
          for (const message of messages.push(chunk)) this.#hear(message);
        } catch {
          socket.destroy();
        }
      });
      socket.on('error', () => undefined);
      socket.once('close', () => resolve());
    });
  }

  #hear({ word, name, body }: LinkMessage): void {
    if (word === 'mail') this.#boxes.get(name)?.push(body);
    else if (word === 'taken') this.#asking.get(name)?.(body);
    else throw new NmpError('FRAME_MALFORMED');
  }
}

export function createJobLink(components: { readonly random: Random }, init: JobLinkInit): JobLink {
  return new ParentLink(components, init);
}
