/** Writers of CBOR and DER that can also write what the standards forbid; for tests only. */
import { concat, fromHex, utf8 } from '../../../../shared/bytes.ts';

export const hex = (text: string): Uint8Array => {
  const bytes = fromHex(text.replaceAll(' ', ''));
  if (bytes === undefined) throw new RangeError('not hex');
  return bytes;
};

function bigEndian(value: bigint, width: number): Uint8Array {
  return hex(value.toString(16).padStart(2 * width, '0'));
}

/** Head of an item; `width` (0, 1, 2, 4, 8 bytes) overrides the shortest form. */
export function head(major: number, value: number | bigint, width?: number): Uint8Array {
  const n = BigInt(value);
  const shortest = n < 24n ? 0 : n < 0x100n ? 1 : n < 0x1_0000n ? 2 : n < 0x1_0000_0000n ? 4 : 8;
  const used = width ?? shortest;
  if (used === 0) return Uint8Array.of((major << 5) | Number(n));
  const info = { 1: 24, 2: 25, 4: 26, 8: 27 }[used] ?? 27;
  return concat(Uint8Array.of((major << 5) | info), bigEndian(n, used));
}

export const uint = (value: number | bigint, width?: number) => head(0, value, width);
export const bstr = (bytes: Uint8Array, width?: number) =>
  concat(head(2, bytes.length, width), bytes);
export const tstr = (text: string, width?: number) =>
  concat(head(3, utf8(text).length, width), utf8(text));
export const array = (...items: readonly Uint8Array[]) => concat(head(4, items.length), ...items);
export const map = (...entries: readonly (readonly [Uint8Array, Uint8Array])[]) =>
  concat(head(5, entries.length), ...entries.flat());
export const NULL = Uint8Array.of(0xf6);
export const BREAK = Uint8Array.of(0xff);

/** A DER element; `form` 1 or 2 forces that many bytes of length. */
export function der(tag: number, content: Uint8Array, form?: 1 | 2 | 3): Uint8Array {
  const shortest = content.length < 0x80 ? 0 : content.length < 0x100 ? 1 : 2;
  const used = form ?? shortest;
  const length =
    used === 0
      ? Uint8Array.of(content.length)
      : concat(Uint8Array.of(0x80 | used), bigEndian(BigInt(content.length), used));
  return concat(Uint8Array.of(tag), length, content);
}

export const sequence = (...items: readonly Uint8Array[]) => der(0x30, concat(...items));

/** UTCTime, or GeneralizedTime from 2050 on or when asked. */
export function time(ms: number, generalized = false): Uint8Array {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);
  const long = generalized || ms >= Date.UTC(2050, 0);
  return der(long ? 0x18 : 0x17, utf8(`${long ? digits : digits.slice(2)}Z`));
}

export const utf8String = (text: string) => der(0x0c, utf8(text));

export function name(commonName: string): Uint8Array {
  const attribute = sequence(der(0x06, hex('550403')), utf8String(commonName));
  return sequence(der(0x31, attribute));
}

export function extension(oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  return sequence(
    der(0x06, hex(oid)),
    critical ? hex('0101ff') : new Uint8Array(0),
    der(0x04, value),
  );
}

export const OID = { basicConstraints: '551d13', keyUsage: '551d0f', subjectKeyId: '551d0e' };

/** BasicConstraints of a CA. */
export function caConstraints(pathLength?: number): Uint8Array {
  const limit = pathLength === undefined ? new Uint8Array(0) : der(0x02, Uint8Array.of(pathLength));
  return extension(OID.basicConstraints, true, sequence(hex('0101ff'), limit));
}
export const endConstraints = extension(OID.basicConstraints, true, sequence());
export const keyUsage = (bits: string, critical = true) =>
  extension(OID.keyUsage, critical, der(0x03, hex(bits)));
/** digitalSignature, keyCertSign and cRLSign; keyCertSign; digitalSignature and nonRepudiation. */
export const USAGE = { ca: '0186', certSign: '0204', leaf: '06c0', crlSign: '0102' };
