/** Strict DER (X.690) for certificates that an attacker may have written. */
import { NmpError } from '../errors.ts';

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
  extensions: 0xa3,
} as const;

function malformed(): NmpError {
  return new NmpError('ATTESTATION_CERTIFICATE_MALFORMED');
}

export interface Element {
  readonly tag: number;
  /** Tag, length and content. */
  readonly whole: Uint8Array;
  readonly content: Uint8Array;
}

export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  peek(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** The next element, of any tag in one byte; lengths in their shortest form. */
  any(): Element {
    const start = this.#at;
    const tag = this.#bytes[this.#at++];
    const first = this.#bytes[this.#at++];
    if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw malformed();
    let length = first;
    if (first >= 0x80) {
      const count = first & 0x7f;
      // Certificates have at most 1024 bytes: two bytes of length are enough.
      if (count < 1 || count > 2 || this.#bytes.length - this.#at < count) throw malformed();
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + (this.#bytes[this.#at++] ?? 0);
      if (length < (count === 1 ? 0x80 : 0x100)) throw malformed();
    }
    if (this.#bytes.length - this.#at < length) throw malformed();
    const content = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return { tag, whole: this.#bytes.subarray(start, this.#at), content };
  }

  /** The next element, which must have this tag. */
  next(tag: number): Element {
    const element = this.any();
    if (element.tag !== tag) throw malformed();
    return element;
  }

  /** A SEQUENCE's content as a reader of its own. */
  sequence(): DerReader {
    return new DerReader(this.next(TAG.sequence).content);
  }

  end(): void {
    if (!this.done) throw malformed();
  }

  /** BOOLEAN, X.690, section 11.1: FF or 00. */
  boolean(): boolean {
    const { content } = this.next(TAG.boolean);
    if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw malformed();
    return content[0] === 0xff;
  }

  /** A positive INTEGER in its shortest form, without its sign byte. */
  positiveInteger(): Uint8Array {
    const { content } = this.next(TAG.integer);
    const [first, second] = content;
    if (first === undefined || first >= 0x80) throw malformed();
    if (first === 0 && second !== undefined) {
      if (second < 0x80) throw malformed();
      return content.subarray(1);
    }
    return content;
  }

  /** Bits of a BIT STRING with its number of unused bits. */
  bitString(): { unused: number; bits: Uint8Array } {
    const { content } = this.next(TAG.bitString);
    const unused = content[0];
    if (unused === undefined || unused > 7 || (content.length === 1 && unused !== 0)) {
      throw malformed();
    }
    const last = content[content.length - 1] ?? 0;
    if (content.length > 1 && (last & ((1 << unused) - 1)) !== 0) throw malformed();
    return { unused, bits: content.subarray(1) };
  }

  /** Time of RFC 5280, section 4.1.2.5, in milliseconds since 1970. */
  time(): number {
    const { tag, content } = this.any();
    const text = String.fromCharCode(...content);
    const match =
      tag === TAG.utcTime
        ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
        : tag === TAG.generalizedTime
          ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
          : null;
    if (match === null) throw malformed();
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
      .slice(1)
      .map(Number);
    const full = tag === TAG.utcTime ? year + (year >= 50 ? 1900 : 2000) : year;
    // GeneralizedTime is for 2050 and later only.
    if (tag === TAG.generalizedTime && full < 2050) throw malformed();
    const ms = Date.UTC(full, month - 1, day, hour, minute, second);
    const back = new Date(ms);
    if (back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day || hour > 23) {
      throw malformed();
    }
    if (minute > 59 || second > 59) throw malformed();
    return ms;
  }
}
