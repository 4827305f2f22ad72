/**
 * The part of BER (X.690) that CMS envelopes of AWS KMS use, and nothing else: tags of one byte,
 * definite lengths in their shortest form of at most two bytes, indefinite lengths. The bytes are an
 * attacker's until they open; depth and number of elements are bounded before anything is kept.
 */
import { NmpError } from '../../shared/errors.ts';

const DEPTH_MAX = 12;
const ELEMENTS_MAX = 128;
const INDEFINITE = 0x80;
const CONSTRUCTED = 0x20;
const LONG_TAG = 0x1f;

export interface BerElement {
  readonly tag: number;
  /** Content of a primitive element. */
  readonly content: Uint8Array;
  /** Elements of a constructed one. */
  readonly children: readonly BerElement[];
}

class BerReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #elements = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get at(): number {
    return this.#at;
  }

  #byte(end: number): number {
    const byte = this.#at < end ? this.#bytes[this.#at] : undefined;
    if (byte === undefined) throw new NmpError('CMS_MALFORMED');
    this.#at++;
    return byte;
  }

  /** Undefined for the indefinite form. */
  #length(end: number): number | undefined {
    const first = this.#byte(end);
    if (first < INDEFINITE) return first;
    if (first === INDEFINITE) return undefined;
    const count = first & 0x7f;
    if (count > 2) throw new NmpError('CMS_MALFORMED');
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte(end);
    if (length < (count === 1 ? 0x80 : 0x100)) throw new NmpError('CMS_MALFORMED');
    return length;
  }

  #endOfContents(end: number): boolean {
    if (this.#at + 2 > end) throw new NmpError('CMS_MALFORMED');
    if (this.#bytes[this.#at] !== 0 || this.#bytes[this.#at + 1] !== 0) return false;
    this.#at += 2;
    return true;
  }

  element(end: number, depth: number): BerElement {
    if (depth > DEPTH_MAX || ++this.#elements > ELEMENTS_MAX) throw new NmpError('CMS_SIZE');
    const tag = this.#byte(end);
    if (tag === 0 || (tag & LONG_TAG) === LONG_TAG) throw new NmpError('CMS_MALFORMED');
    const constructed = (tag & CONSTRUCTED) !== 0;
    const length = this.#length(end);
    if (length === undefined) {
      if (!constructed) throw new NmpError('CMS_MALFORMED');
      const children: BerElement[] = [];
      while (!this.#endOfContents(end)) children.push(this.element(end, depth + 1));
      return { tag, content: new Uint8Array(0), children };
    }
    const stop = this.#at + length;
    if (stop > end) throw new NmpError('CMS_MALFORMED');
    if (!constructed) {
      const content = this.#bytes.subarray(this.#at, stop);
      this.#at = stop;
      return { tag, content, children: [] };
    }
    const children: BerElement[] = [];
    while (this.#at < stop) children.push(this.element(stop, depth + 1));
    return { tag, content: new Uint8Array(0), children };
  }
}

/**
 * The one element that `bytes` are.
 *
 * @throws NmpError CMS_MALFORMED; CMS_SIZE above 12 levels or 128 elements
 */
export function readBer(bytes: Uint8Array): BerElement {
  const reader = new BerReader(bytes);
  const element = reader.element(bytes.length, 0);
  if (reader.at !== bytes.length) throw new NmpError('CMS_MALFORMED');
  return element;
}
