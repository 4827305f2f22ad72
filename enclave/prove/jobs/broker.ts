/**
 * The seam to whatever carries proof jobs between enclaves. It is in nobody's trust: it sees public
 * offers and sealed frames, and may lose, repeat, reorder or make up any of them.
 */

/** A name that nobody can guess: 16 random bytes in base64url, 22 characters. */
export type BoxName = string;

/** Where what is sent to one name comes in. */
export interface Box {
  readonly name: BoxName;
  /** @throws NmpError TIMEOUT once `signal` is aborted, CONNECTION_LOST when the box is closed */
  next(signal: AbortSignal): Promise<Uint8Array>;
  close(): void;
}

/** An offer that was given to this prover alone, until it is settled or its time is over. */
export interface Taken {
  readonly offer: Uint8Array;
  /** Still at work: the offer is not to be given to another yet. */
  working(): void;
  /** The offer is over. */
  done(): void;
  /** Another may try. */
  again(): void;
}

export interface JobBroker {
  open(name: BoxName): Box;
  /** Gives `offer` to one prover after another; withdrawn when the box of that name is closed. */
  offer(name: BoxName, offer: Uint8Array): void;
  send(to: BoxName, body: Uint8Array): void;
  /** Waits for an offer of any node. @throws NmpError TIMEOUT */
  take(signal: AbortSignal): Promise<Taken>;
}
