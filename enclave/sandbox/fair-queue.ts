/**
 * Admits a bounded number of jobs at once, of bounded memory together, and takes turns between
 * peers. A part of both is kept for peers that have nothing running: one peer's load, or several
 * peers', does not make a newcomer wait for their jobs to end. Large jobs, whosever, leave some memory
 * to small ones.
 */

interface Waiting {
  readonly bytes: number;
  readonly start: () => void;
}

export interface FairQueueInit {
  /** Jobs that run at once. */
  readonly slots: number;
  /** Memory that running jobs may ask for together. */
  readonly bytes: number;
  /** Jobs of one peer that may wait. */
  readonly perPeerMax: number;
}

/** Of slots and bytes, what only a peer without a running job may take. */
const RESERVE = 1 / 4;
/** Share of the bytes above which a job is large, and what large jobs leave alone together. */
const LARGE = 1 / 64;
const LEFT_TO_SMALL = 1 / 8;

export class FairQueue {
  readonly #init: FairQueueInit;
  #running = 0;
  #bytes = 0;
  /** Running jobs by peer. */
  readonly #runningOf = new Map<string, number>();
  /** Peers that wait, in the order of their next turn. */
  readonly #peers = new Map<string, Waiting[]>();

  constructor(init: FairQueueInit) {
    this.#init = init;
  }

  get waiting(): number {
    let count = 0;
    for (const queue of this.#peers.values()) count += queue.length;
    return count;
  }

  /**
   * Resolves when it is this peer's turn; call the result when the job is done.
   * Resolves to undefined if too many jobs of the peer wait or `signal` aborts first.
   * @param bytes memory that the job may take
   */
  async enter(
    peer: string,
    bytes: number,
    signal?: AbortSignal,
  ): Promise<(() => void) | undefined> {
    if (signal?.aborted) return undefined;
    const queue = this.#peers.get(peer) ?? [];
    if (queue.length === 0 && this.#fits(peer, bytes)) return this.#start(peer, bytes);
    if (queue.length >= this.#init.perPeerMax) return undefined;
    return new Promise((resolve) => {
      const waiting = {
        bytes,
        start: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve(this.#start(peer, bytes));
        },
      };
      const onAbort = () => {
        const at = queue.indexOf(waiting);
        if (at >= 0) queue.splice(at, 1);
        if (queue.length === 0) this.#peers.delete(peer);
        resolve(undefined);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      queue.push(waiting);
      this.#peers.set(peer, queue);
    });
  }

  /** A job larger than all that may run is let in alone. */
  #fits(peer: string, bytes: number): boolean {
    if (this.#running === 0) return true;
    const share = this.#runningOf.has(peer) ? 1 - RESERVE : 1;
    const { slots, bytes: bytesMax } = this.#init;
    const ofBytes = bytes > bytesMax * LARGE ? Math.min(share, 1 - LEFT_TO_SMALL) : share;
    return this.#running < Math.floor(slots * share) && this.#bytes + bytes <= bytesMax * ofBytes;
  }

  #start(peer: string, bytes: number): () => void {
    this.#running++;
    this.#bytes += bytes;
    this.#runningOf.set(peer, (this.#runningOf.get(peer) ?? 0) + 1);
    let done = false;
    return () => {
      if (done) return;
      done = true;
      this.#running--;
      this.#bytes -= bytes;
      const left = (this.#runningOf.get(peer) ?? 1) - 1;
      if (left === 0) this.#runningOf.delete(peer);
      else this.#runningOf.set(peer, left);
      this.#next();
    };
  }

  /** Starts what fits now, one job of each peer in turn. */
  #next(): void {
    for (const [peer, queue] of [...this.#peers]) {
      const [waiting] = queue;
      if (waiting === undefined || !this.#fits(peer, waiting.bytes)) continue;
      queue.shift();
      // Behind all others: the next turn is another peer's.
      this.#peers.delete(peer);
      if (queue.length > 0) this.#peers.set(peer, queue);
      waiting.start();
    }
  }
}
