/**
 * The key of one direction of one stream: its nonces, its additional data, its age. A key serves
 * 2^24 records, 64 GiB or an hour, whichever comes first; then the next is derived from it and it is
 * forgotten (docs/protocol.md, Rekey).
 */
import { u64be } from '../bytes.ts';
import { nextStreamKey, type StreamKey, wipeStreamKey } from '../crypto/key-schedule.ts';
import { AES_GCM, type Aead, type CryptoSuite } from '../crypto/suite.ts';
import { REKEY } from './constants.ts';

export interface KeyLimits {
  readonly records: number;
  readonly bytes: number;
  readonly ms: number;
}

/** Writes an unsigned number below 2^53 as eight bytes, big-endian. */
function putU64(target: Uint8Array, at: number, value: number): void {
  let rest = value;
  for (let i = at + 7; i >= at; i--) {
    target[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

export class RecordKey {
  readonly #suite: CryptoSuite;
  readonly #stream: Uint8Array;
  readonly #limits: KeyLimits;
  #key: StreamKey;
  #aead: Aead;
  #sequence = 0;
  #bytes = 0;
  #wiped = false;

  /** Takes `key` over: it is wiped with this. */
  constructor(
    suite: CryptoSuite,
    init: { readonly key: StreamKey; readonly stream: bigint; readonly limits?: KeyLimits },
  ) {
    this.#suite = suite;
    this.#stream = u64be(init.stream);
    this.#limits = init.limits ?? REKEY;
    this.#key = init.key;
    this.#aead = suite.aead(init.key.key);
  }

  get wiped(): boolean {
    return this.#wiped;
  }

  /** Records sealed or opened under the present key. */
  get served(): number {
    return this.#sequence;
  }

  /** Whether one more record of `length` bytes would outlast the key; `ageMs` since `advance`. */
  worn(length: number, ageMs = 0): boolean {
    return (
      this.#sequence >= this.#limits.records ||
      this.#bytes + length > this.#limits.bytes ||
      ageMs >= this.#limits.ms
    );
  }

  /** Number and size of the next record enter nonce and additional data. */
  seal(type: number, plaintext: Uint8Array): readonly Uint8Array[] {
    const sequence = this.#count(plaintext.length);
    return this.#aead.seal(this.#nonce(sequence), this.#aad(sequence, type), plaintext);
  }

  /** @throws NmpError RECORD_TAG */
  open(
    type: number,
    sealed: { readonly ciphertext: Iterable<Uint8Array>; readonly length: number },
    tag: Uint8Array,
  ): readonly Uint8Array[] {
    const sequence = this.#count(sealed.length);
    const { ciphertext } = sealed;
    return this.#aead.open(this.#nonce(sequence), this.#aad(sequence, type), ciphertext, tag);
  }

  /** Replaces the key by the next; the old one cannot be had from it. */
  advance(): void {
    const next = nextStreamKey(this.#suite, this.#key);
    wipeStreamKey(this.#key);
    this.#aead.wipe();
    this.#key = next;
    this.#aead = this.#suite.aead(next.key);
    this.#sequence = 0;
    this.#bytes = 0;
  }

  wipe(): void {
    this.#wiped = true;
    wipeStreamKey(this.#key);
    this.#aead.wipe();
  }

  #count(length: number): number {
    this.#bytes += length;
    return this.#sequence++;
  }

  #nonce(sequence: number): Uint8Array {
    const nonce = new Uint8Array(AES_GCM.nonce);
    putU64(nonce, 4, sequence);
    // RFC 8446, section 5.3: the sequence number, left-padded, XOR the IV.
    for (let i = 0; i < nonce.length; i++) nonce[i] = (nonce[i] ?? 0) ^ (this.#key.iv[i] ?? 0);
    return nonce;
  }

  #aad(sequence: number, type: number): Uint8Array {
    const aad = new Uint8Array(17);
    aad.set(this.#stream);
    putU64(aad, 8, sequence);
    aad[16] = type;
    return aad;
  }
}
