/**
 * Bits that went out, per key, in a ledger sealed at rest: what was charged outlives a restart, and
 * a ledger that was changed or taken back to an earlier state is refused. It can be given to an heir
 * once, and is of no use from then on.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { z } from 'zod';
import { NmpError } from '../../../shared/errors.ts';
import type { Random } from '../../../shared/runtime.ts';

/** Where the sealed bytes lie: outside the enclave, in nobody's trust. */
export interface SealedStorage {
  /** undefined if nothing was ever written. */
  read(): Uint8Array | undefined;
  /** Durable when it returns. */
  write(sealed: Uint8Array): void;
}

/** A number that only grows and that the storage's keeper cannot set back. */
export interface MonotonicCounter {
  read(): number;
  /** Sets the counter to `value` if that is higher. */
  advance(value: number): void;
}

export interface LedgerComponents {
  readonly random: Random;
  readonly storage: SealedStorage;
  readonly counter: MonotonicCounter;
}

export interface LedgerInit {
  /** AES-256 key, 32 bytes, known to this release of the enclave only. */
  readonly key: Uint8Array;
  /** What the ledger is for; another ledger's bytes are refused. */
  readonly label: string;
}

/** What an heir goes on with. */
export interface LedgerContents {
  /** Of the ledger that was given; its heir's is higher. */
  readonly sequence: number;
  readonly units: ReadonlyMap<string, number>;
}

export interface Ledger {
  /** Units under `key`; 0 if never charged. @throws NmpError EGRESS_GIVEN */
  get(key: string): number;
  /**
   * Writes before it returns; nothing changes if it throws.
   * @throws NmpError EGRESS_LEDGER, EGRESS_GIVEN
   */
  set(changes: ReadonlyMap<string, number>): void;
  /** Was nothing ever written to it? */
  readonly fresh: boolean;
  /** Was it given away? */
  readonly given: boolean;
  /**
   * Gives it up for good: that nobody charges it here any more is on the disk before its contents are
   * handed to anyone. @throws NmpError EGRESS_LEDGER, EGRESS_GIVEN
   */
  give(): LedgerContents;
  /** Goes on with what another gave up. @throws NmpError EGRESS_LEDGER unless nothing was ever written */
  adopt(contents: LedgerContents): void;
}

/** What the ledger of a node's answers is for. */
export const LEDGER_LABEL = 'egress';
/** Most keys; then every further one is refused. */
export const LEDGER_KEYS_MAX = 100_000;
const SEALED_BYTES_MAX = 32 * 1024 * 1024;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ALGORITHM = 'aes-256-gcm';

const state = z.strictObject({
  sequence: z.int().min(1),
  units: z.record(z.string().max(256), z.int().min(0)),
  given: z.literal(true).optional(),
});

class SealedLedger implements Ledger {
  readonly #components: LedgerComponents;
  readonly #init: LedgerInit;
  readonly #aad: Buffer;
  readonly #units: Map<string, number>;
  #sequence: number;
  #given: boolean;

  constructor(components: LedgerComponents, init: LedgerInit) {
    this.#components = components;
    this.#init = init;
    this.#aad = Buffer.from(`nmp egress ledger v1 ${init.label}`);
    const sealed = components.storage.read();
    const least = components.counter.read();
    // Nothing stored though something was: the storage forgot.
    if (sealed === undefined && least > 0) throw new NmpError('EGRESS_LEDGER');
    const opened: { sequence: number; units: Record<string, number>; given?: true | undefined } =
      sealed === undefined ? { sequence: 0, units: {} } : this.#open(sealed);
    // One ahead is a state that was written before its counter could move.
    if (opened.sequence < least) throw new NmpError('EGRESS_LEDGER');
    this.#sequence = opened.sequence;
    this.#given = opened.given === true;
    this.#units = new Map(Object.entries(opened.units));
    components.counter.advance(opened.sequence);
  }

  get fresh(): boolean {
    return this.#sequence === 0;
  }

  get given(): boolean {
    return this.#given;
  }

  get(key: string): number {
    if (this.#given) throw new NmpError('EGRESS_GIVEN');
    return this.#units.get(key) ?? 0;
  }

  set(changes: ReadonlyMap<string, number>): void {
    if (this.#given) throw new NmpError('EGRESS_GIVEN');
    const next = new Map([...this.#units, ...changes]);
    for (const [key, units] of changes) if (units === 0) next.delete(key);
    this.#write(this.#sequence + 1, next);
    for (const [key, units] of changes) {
      if (units === 0) this.#units.delete(key);
      else this.#units.set(key, units);
    }
  }

  give(): LedgerContents {
    if (this.#given) throw new NmpError('EGRESS_GIVEN');
    const contents = { sequence: this.#sequence, units: new Map(this.#units) };
    // From here on nothing is charged, whether the write is seen to succeed or not.
    this.#given = true;
    this.#write(this.#sequence + 1, new Map());
    return contents;
  }

  adopt({ sequence, units }: LedgerContents): void {
    if (!this.fresh) throw new NmpError('EGRESS_LEDGER');
    // The giver's last state has the number after its contents'.
    this.#write(sequence + 2, units);
    for (const [key, value] of units) this.#units.set(key, value);
  }

  /** @throws NmpError EGRESS_LEDGER */
  #write(sequence: number, units: ReadonlyMap<string, number>): void {
    if (units.size > LEDGER_KEYS_MAX) throw new NmpError('EGRESS_LEDGER');
    const given = this.#given ? { given: true as const } : {};
    try {
      this.#components.storage.write(
        this.#seal({ sequence, units: Object.fromEntries(units), ...given }),
      );
      this.#components.counter.advance(sequence);
    } catch (cause) {
      throw new NmpError('EGRESS_LEDGER', undefined, { cause });
    }
    this.#sequence = sequence;
  }

  #seal(value: z.output<typeof state>): Uint8Array {
    const nonce = this.#components.random.bytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#init.key, nonce).setAAD(this.#aad);
    const body = cipher.update(JSON.stringify(value), 'utf8');
    return Buffer.concat([nonce, body, cipher.final(), cipher.getAuthTag()]);
  }

  #open(sealed: Uint8Array): z.output<typeof state> {
    try {
      if (sealed.length < NONCE_BYTES + TAG_BYTES || sealed.length > SEALED_BYTES_MAX) {
        throw new RangeError('length');
      }
      const nonce = sealed.subarray(0, NONCE_BYTES);
      const end = sealed.length - TAG_BYTES;
      const decipher = createDecipheriv(ALGORITHM, this.#init.key, nonce)
        .setAAD(this.#aad)
        .setAuthTag(sealed.subarray(end));
      const body = [decipher.update(sealed.subarray(NONCE_BYTES, end)), decipher.final()];
      return state.parse(JSON.parse(Buffer.concat(body).toString('utf8')));
    } catch (cause) {
      throw new NmpError('EGRESS_LEDGER', undefined, { cause });
    }
  }
}

/** @throws NmpError EGRESS_LEDGER for a ledger that was changed, or is older than the counter */
export function createLedger(components: LedgerComponents, init: LedgerInit): Ledger {
  return new SealedLedger(components, init);
}
