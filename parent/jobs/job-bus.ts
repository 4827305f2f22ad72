/** The seam to what carries proof jobs between machines. */

export interface OfferHandle {
  readonly body: Uint8Array;
  working(): void;
  done(): void;
  again(): void;
}

export interface JobBus {
  /** @returns how to take it back. */
  offer(body: Uint8Array): Promise<() => void>;
  send(box: string, body: Uint8Array): void;
  /** @returns how to end it. */
  listen(box: string, onBody: (body: Uint8Array) => void): () => void;
  /** The next offer for this parent alone; undefined once `signal` is aborted. */
  take(signal: AbortSignal): Promise<OfferHandle | undefined>;
  stop(): Promise<void>;
}
