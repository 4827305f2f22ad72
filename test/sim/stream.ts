/**
 * Byte streams between client and node over a hostile relay: what libp2p's streams show to
 * `libp2pFrames`, on virtual time. Noise is left out, so that the relay can do to our own layers
 * what on the wire it could only do to Noise.
 */
import type { Stream } from '@libp2p/interface';
import { Uint8ArrayList } from 'uint8arraylist';
import type { Scheduler } from './scheduler.ts';

/** One way of a stream: what the relay does with each piece, and when it lets it go. */
export interface Tamper {
  /** Pieces to deliver in place of `piece`, each so many milliseconds later than it would be. */
  pass(
    piece: Uint8Array,
    index: number,
  ): readonly { readonly piece: Uint8Array; readonly laterMs?: number }[];
  /** The relay ends this way after the piece of that number. */
  readonly endAfter?: number;
  /** The relay cuts both ways after the piece of that number. */
  readonly cutAfter?: number;
}

export const HONEST: Tamper = { pass: (piece) => [{ piece }] };

class MessageEvent extends Event {
  readonly data: Uint8ArrayList;

  constructor(data: Uint8Array) {
    super('message');
    this.data = new Uint8ArrayList(data);
  }
}

/** One end. The members are those that `libp2pFrames` and the node's handler touch. */
class SimEnd extends EventTarget {
  readonly readBufferLength = 0;
  readonly readStatus = 'readable';
  closed = false;
  writable = true;
  peer: { deliver(piece: Uint8Array): void; end(): void; reset(): void } | undefined;

  send(data: Uint8Array | Uint8ArrayList): boolean {
    if (!this.writable) throw new Error('stream is closed for writing');
    this.peer?.deliver(Uint8Array.from(data.subarray()));
    return true;
  }

  async onDrain(): Promise<void> {}
  pause(): void {}
  resume(): void {}

  async close(): Promise<void> {
    if (!this.writable) return;
    this.writable = false;
    this.peer?.end();
  }

  abort(): void {
    this.peer?.reset();
    this.finish();
  }

  /** Both ways are over. */
  finish(): void {
    if (this.closed) return;
    this.closed = true;
    this.writable = false;
    this.dispatchEvent(new Event('close'));
  }
}

export interface Link {
  readonly scheduler: Scheduler;
  /** One-way delay of the next piece, milliseconds. */
  readonly latencyMs: () => number;
  /** Sees every byte that the relay sees. */
  readonly observe: (piece: Uint8Array) => void;
}

/** A way in which order is kept unless the relay says otherwise. */
function way(link: Link, from: SimEnd, to: SimEnd, tamper: Tamper, cut: () => void): void {
  let clearMs = 0;
  let index = 0;
  let ended = false;
  const at = (laterMs: number, action: () => void) => {
    clearMs = Math.max(clearMs, link.scheduler.nowMs + link.latencyMs());
    link.scheduler.after(clearMs + laterMs - link.scheduler.nowMs, action);
  };
  const end = () => {
    if (ended) return;
    ended = true;
    at(0, () => {
      to.dispatchEvent(new Event('remoteCloseWrite'));
      // Both sides have said that they are done.
      if (!to.writable) to.finish();
      if (!to.writable && !from.writable) from.finish();
    });
  };
  from.peer = {
    deliver(piece) {
      link.observe(piece);
      if (ended) return;
      const number = index++;
      for (const { piece: part, laterMs = 0 } of tamper.pass(piece, number)) {
        at(laterMs, () => {
          if (!to.closed) to.dispatchEvent(new MessageEvent(part));
        });
      }
      if (tamper.endAfter === number) end();
      if (tamper.cutAfter === number) at(0, cut);
    },
    end,
    reset() {
      ended = true;
      at(0, () => to.finish());
    },
  };
}

export interface StreamPair {
  readonly client: Stream;
  readonly node: Stream;
  /** True until both ends are closed. */
  readonly open: () => boolean;
  readonly cut: () => void;
}

export function streamPair(link: Link, toNode: Tamper, toClient: Tamper): StreamPair {
  const client = new SimEnd();
  const node = new SimEnd();
  const cut = () => {
    client.finish();
    node.finish();
  };
  way(link, client, node, toNode, cut);
  way(link, node, client, toClient, cut);
  return {
    client: client as unknown as Stream,
    node: node as unknown as Stream,
    open: () => !client.closed || !node.closed,
    cut,
  };
}
