/** The parent's disk: keeps the sealed spool of unfinished proofs, and may be full or lie about it. */
import type { SpoolComponents } from '../../enclave/prove/spool.ts';

export class ParentDisk {
  readonly #full: () => boolean;
  readonly #entries = new Map<string, Uint8Array>();
  readonly #written: Uint8Array[] = [];
  #count = 0;

  constructor(full: () => boolean) {
    this.#full = full;
  }

  /** Names of the jobs that are kept. */
  jobs(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** True if there is an index that an honest parent would no longer give. */
  get hasPast(): boolean {
    return this.#written.length > 1;
  }

  /**
   * @param alive false once the enclave that asked was ended: it writes no more
   * @param rewound the index is given as it was one write earlier
   */
  spool(alive: () => boolean, rewound: boolean): Omit<SpoolComponents, 'random'> {
    const write = () => {
      if (!alive()) throw new Error('the enclave is gone');
      if (this.#full()) throw new Error('ENOSPC');
    };
    return {
      index: {
        read: () => this.#written.at(rewound ? -2 : -1),
        write: (sealed) => {
          write();
          this.#written.push(Uint8Array.from(sealed));
        },
      },
      // Kept by the hardware: nobody sets it back.
      counter: {
        read: () => this.#count,
        advance: (value) => {
          this.#count = Math.max(this.#count, value);
        },
      },
      entries: {
        names: () => this.jobs(),
        read: (name) => this.#entries.get(name),
        write: (name, sealed) => {
          write();
          this.#entries.set(name, Uint8Array.from(sealed));
        },
        remove: (name) => {
          if (alive()) this.#entries.delete(name);
        },
      },
    };
  }
}
