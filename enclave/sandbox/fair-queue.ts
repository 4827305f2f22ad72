/** Admits a bounded number of jobs at once and takes turns between peers. */

interface Waiting {
  readonly start: () => void;
}

export class FairQueue {
  readonly #capacity: number;
  readonly #perPeerMax: number;
  #running = 0;
  /** Peers that wait, in the order of their next turn. */
  readonly #peers = new Map<string, Waiting[]>();

  /**
   * @param capacity jobs that run at once
   * @param perPeerMax jobs of one peer that may wait
   */
  constructor(capacity: number, perPeerMax: number) {
    this.#capacity = capacity;
    this.#perPeerMax = perPeerMax;
  }

  get waiting(): number {
    let count = 0;
    for (const queue of this.#peers.values()) count += queue.length;
    return count;
  }

  /**
   * Resolves when it is this peer's turn; call the result when the job is done.
   * Resolves to undefined if too many jobs of the peer wait or `signal` aborts first.
   */
  async enter(peer: string, signal?: AbortSignal): Promise<(() => void) | undefined> {
    if (signal?.aborted) return undefined;
    if (this.#running < this.#capacity) return this.#start();
    const queue = this.#peers.get(peer) ?? [];
    if (queue.length >= this.#perPeerMax) return undefined;
    return new Promise((resolve) => {
      const waiting = {
        start: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve(this.#start());
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

  #start(): () => void {
    this.#running++;
    let done = false;
    return () => {
      if (done) return;
      done = true;
      this.#running--;
      this.#next();
    };
  }

  #next(): void {
    for (const [peer, queue] of this.#peers) {
      const waiting = queue.shift();
      // Behind all others: the next turn is another peer's.
      this.#peers.delete(peer);
      if (queue.length > 0) this.#peers.set(peer, queue);
      if (waiting !== undefined) {
        waiting.start();
        return;
      }
    }
  }
}
