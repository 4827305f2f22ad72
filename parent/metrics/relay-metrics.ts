/** Counters of the relay: numbers of connections and bytes, nothing about their content. */

export interface RelaySnapshot {
  readonly opened: number;
  readonly closed: number;
  readonly refused: number;
  readonly enclaveUnreachable: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export class RelayMetrics {
  #opened = 0;
  #closed = 0;
  #refused = 0;
  #enclaveUnreachable = 0;
  #bytesIn = 0;
  #bytesOut = 0;

  opened(): void {
    this.#opened++;
  }

  closed(bytesIn: number, bytesOut: number): void {
    this.#closed++;
    this.#bytesIn += bytesIn;
    this.#bytesOut += bytesOut;
  }

  refused(): void {
    this.#refused++;
  }

  enclaveUnreachable(): void {
    this.#enclaveUnreachable++;
  }

  /** Takes over what a relay in a process of its own counted since it last told. */
  add(now: RelaySnapshot, before?: RelaySnapshot): void {
    this.#opened += now.opened - (before?.opened ?? 0);
    this.#closed += now.closed - (before?.closed ?? 0);
    this.#refused += now.refused - (before?.refused ?? 0);
    this.#enclaveUnreachable += now.enclaveUnreachable - (before?.enclaveUnreachable ?? 0);
    this.#bytesIn += now.bytesIn - (before?.bytesIn ?? 0);
    this.#bytesOut += now.bytesOut - (before?.bytesOut ?? 0);
  }

  snapshot(): RelaySnapshot {
    return {
      opened: this.#opened,
      closed: this.#closed,
      refused: this.#refused,
      enclaveUnreachable: this.#enclaveUnreachable,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
    };
  }
}
