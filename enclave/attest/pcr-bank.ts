/** A bank of platform configuration registers as the NSM keeps it. */
import { createHash } from 'node:crypto';
import { NmpError } from '../../shared/errors.ts';

export const PCR_COUNT = 32;
export const PCR_BYTES = 48;
/** PCR 0–15 are locked from the start; an enclave can extend 16–31. */
const LOCKED_AT_BOOT = 16;

function sha384(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha384');
  for (const part of parts) hash.update(part);
  return Uint8Array.from(hash.digest());
}

/** The value of a PCR measured at boot: SHA-384(48 zero bytes ‖ SHA-384(content)). */
export function measure(content: Uint8Array): Uint8Array {
  return sha384(new Uint8Array(PCR_BYTES), sha384(content));
}

export class PcrBank {
  readonly #values: Uint8Array[];
  readonly #locked: boolean[];

  constructor(boot: ReadonlyMap<number, Uint8Array>) {
    this.#values = Array.from(
      { length: PCR_COUNT },
      (_, index) => boot.get(index) ?? new Uint8Array(PCR_BYTES),
    );
    this.#locked = Array.from({ length: PCR_COUNT }, (_, index) => index < LOCKED_AT_BOOT);
  }

  describe(index: number): { locked: boolean; value: Uint8Array } {
    return { locked: this.#locked[index] ?? false, value: this.#at(index) };
  }

  extend(index: number, data: Uint8Array): Uint8Array {
    const old = this.#at(index);
    if (this.#locked[index]) throw new NmpError('NSM_READ_ONLY_INDEX');
    if (data.length === 0) throw new NmpError('NSM_INVALID_ARGUMENT');
    const value = sha384(old, data);
    this.#values[index] = value;
    return value;
  }

  lock(index: number): void {
    this.#at(index);
    this.#locked[index] = true;
  }

  /** What an attestation document shows: the locked PCRs, in order. */
  locked(): ReadonlyMap<number, Uint8Array> {
    const shown = new Map<number, Uint8Array>();
    this.#values.forEach((value, index) => {
      if (this.#locked[index]) shown.set(index, value);
    });
    return shown;
  }

  #at(index: number): Uint8Array {
    const value = this.#values[index];
    if (value === undefined) throw new NmpError('NSM_INVALID_INDEX');
    return value;
  }
}
