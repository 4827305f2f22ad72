/** Ways to encode a document: to text, to bytes, and into the formats of objects. */

import zlib from 'node:zlib';
import { encode as cborEncode } from 'cbor-x';
import type { Draw } from './draw.ts';
import { base58 } from './values-records.ts';

export interface Layer {
  /** False: the result is bytes that need a text layer to stand in JSON. */
  readonly text: boolean;
  /** The document must be short (quadratic) or ASCII for this one. */
  readonly most?: number;
  readonly encode: (data: Buffer, d: Draw) => Buffer;
}

const utf8 = (text: string) => Buffer.from(text);
const text = (encode: (data: Buffer, d: Draw) => string, most?: number): Layer => ({
  text: true,
  encode: (data, d) => utf8(encode(data, d)),
  ...(most === undefined ? {} : { most }),
});
const bytes = (encode: (data: Buffer, d: Draw) => Buffer): Layer => ({ text: false, encode });

function base32(data: Buffer, alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'): string {
  let bits = [...data].map((b) => b.toString(2).padStart(8, '0')).join('');
  bits = bits.padEnd(Math.ceil(bits.length / 5) * 5, '0');
  const out = (bits.match(/.{5}/g) ?? []).map((b) => alphabet[Number.parseInt(b, 2)]).join('');
  return out.padEnd(Math.ceil(out.length / 8) * 8, '=');
}

const ASCII85 = Array.from({ length: 85 }, (_, i) => String.fromCharCode(33 + i)).join('');
const Z85 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';
function base85(data: Buffer, alphabet: string): string {
  let out = '';
  for (let i = 0; i < data.length; i += 4) {
    const part = data.subarray(i, i + 4);
    let n = Buffer.concat([part, Buffer.alloc(4 - part.length)]).readUInt32BE();
    let word = '';
    for (let k = 0; k < 5; k++) {
      word = (alphabet[n % 85] ?? '') + word;
      n = Math.floor(n / 85);
    }
    out += word.slice(0, part.length + 1);
  }
  return out;
}

const units = (data: Buffer) => data.toString('utf8');
const codes = (data: Buffer) => Array.from(units(data), (c) => c.codePointAt(0) ?? 0);

function quotedPrintable(data: Buffer): string {
  return Array.from(data, (byte) =>
    byte >= 33 && byte <= 126 && byte !== 61 && byte !== 64 && byte !== 46 && byte !== 45
      ? String.fromCharCode(byte)
      : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  )
    .join('')
    .replace(/((?:=[0-9A-F]{2}|[^=]){60})/g, '$1=\r\n');
}

/** RFC 2152: runs that are not letters or digits, as modified Base64 of UTF-16BE. */
function utf7(data: Buffer): string {
  return units(data).replace(/[^A-Za-z0-9 ]+/g, (run) => {
    const wide = Buffer.from(run, 'utf16le').swap16();
    return `+${wide.toString('base64').replaceAll('=', '')}-`;
  });
}

function varint(n: number): number[] {
  return n < 128 ? [n] : [(n & 127) | 128, ...varint(n >>> 7)];
}

/** Field 3, wire type 2, after a small integer field. */
const protobuf = (data: Buffer) =>
  Buffer.concat([Buffer.from([0x08, 0x96, 0x01, 0x1a, ...varint(data.length)]), data]);

function msgpack(data: Buffer): Buffer {
  const key = utf8('note');
  const head = Buffer.alloc(3);
  head[0] = 0xda;
  head.writeUInt16BE(data.length, 1);
  return Buffer.concat([
    Buffer.from([0x82, 0xa0 | key.length]),
    key,
    head,
    data,
    Buffer.from([0xa1]),
    utf8('n'),
    Buffer.from([7]),
  ]);
}

function bson(data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32LE(data.length + 1);
  const body = Buffer.concat([Buffer.from([2]), utf8('note\0'), length, data, Buffer.from([0, 0])]);
  const size = Buffer.alloc(4);
  size.writeInt32LE(body.length + 4);
  return Buffer.concat([size, body]);
}

/** PKWARE APPNOTE: one deflated member with its central directory. */
function zip(data: Buffer): Buffer {
  const name = utf8('data.json');
  const packed = zlib.deflateRawSync(data);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(8, 4);
  common.writeUInt32LE(zlib.crc32(data), 10);
  common.writeUInt32LE(packed.length, 14);
  common.writeUInt32LE(data.length, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('504b0304', 'hex'), common, name, packed]);
  const central = Buffer.concat([
    Buffer.from('504b01021400', 'hex'),
    common,
    Buffer.alloc(14),
    name,
  ]);
  const end = Buffer.alloc(22);
  end.write('504b0506', 0, 'hex');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}

/** POSIX 1003.1 ustar, one member. */
function tar(data: Buffer): Buffer {
  const head = Buffer.alloc(512);
  head.write('data.json', 0);
  head.write('0000644\0', 100);
  head.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124);
  head.write('        ', 148);
  head.write('0', 156);
  head.write('ustar\x0000', 257);
  const sum = head.reduce((a, b) => a + b, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([
    head,
    data,
    Buffer.alloc((512 - (data.length % 512)) % 512),
    Buffer.alloc(1024),
  ]);
}

const url = (data: Buffer) => data.toString('base64url');

export const LAYERS: Readonly<Record<string, Layer>> = {
  base64: text((b) => b.toString('base64')),
  base64url: text(url),
  'base64-unpadded': text((b) => b.toString('base64').replaceAll('=', '')),
  'base64-wrapped': text((b) => b.toString('base64').replace(/(.{64})(?=.)/g, '$1\n')),
  'hex-lower': text((b) => b.toString('hex')),
  'hex-upper': text((b) => b.toString('hex').toUpperCase()),
  'hex-0x': text((b) => `0x${b.toString('hex')}`),
  'hex-spaced': text((b) => (b.toString('hex').match(/../g) ?? []).join(' ')),
  base32: text((b) => base32(b)),
  'base32-lower': text((b) => base32(b).toLowerCase().replaceAll('=', '')),
  base32hex: text((b) => base32(b, '0123456789ABCDEFGHIJKLMNOPQRSTUV')),
  base58: text((b) => base58(b), 600),
  ascii85: text((b) => `<~${base85(b, ASCII85)}~>`),
  'ascii85-bare': text((b) => base85(b, ASCII85)),
  z85: text((b) => base85(b, Z85)),
  percent: text((b) => Array.from(b, (n) => `%${n.toString(16).padStart(2, '0')}`).join('')),
  'percent-usual': text((b) =>
    encodeURIComponent(units(b)).replaceAll('.', '%2E').replaceAll('-', '%2D'),
  ),
  'entities-decimal': text((b) =>
    codes(b)
      .map((n) => `&#${n};`)
      .join(''),
  ),
  'entities-hex': text((b) =>
    codes(b)
      .map((n) => `&#x${n.toString(16)};`)
      .join(''),
  ),
  'unicode-escapes': text((b) =>
    Array.from(
      { length: units(b).length },
      (_, i) => `\\u${units(b).charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join(''),
  ),
  'x-escapes': text((b) => Array.from(b, (n) => `\\x${n.toString(16).padStart(2, '0')}`).join('')),
  octal: text((b) => Array.from(b, (n) => `\\${n.toString(8).padStart(3, '0')}`).join('')),
  'quoted-printable': text(quotedPrintable),
  'utf-7': text(utf7),
  'json-string': text((b) => JSON.stringify(JSON.stringify(units(b)))),
  'data-uri': text((b) => `data:application/json;base64,${b.toString('base64')}`),
  mime: text(
    (b) =>
      `MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n${b.toString('base64').replace(/(.{76})/g, '$1\r\n')}\r\n`,
  ),
  jwt: text((b, d) => `${url(utf8('{"alg":"none"}'))}.${url(b)}.${url(d.bytes(32))}`),
  'decimal-codes': text((b) => JSON.stringify([...b])),
  'binary-digits': text((b) => Array.from(b, (n) => n.toString(2).padStart(8, '0')).join(' '), 400),
  'utf-16le': bytes((b) => Buffer.from(`\ufeff${units(b)}`, 'utf16le')),
  'utf-16be': bytes((b) => Buffer.from(units(b), 'utf16le').swap16()),
  gzip: bytes((b) => zlib.gzipSync(b)),
  zlib: bytes((b) => zlib.deflateSync(b)),
  deflate: bytes((b) => zlib.deflateRawSync(b)),
  brotli: bytes((b) => zlib.brotliCompressSync(b)),
  zstd: bytes((b) => zlib.zstdCompressSync(b)),
  zip: bytes(zip),
  tar: bytes(tar),
  cbor: bytes((b) => Buffer.from(cborEncode({ n: 7, note: units(b) }))),
  msgpack: bytes(msgpack),
  bson: bytes(bson),
  protobuf: bytes(protobuf),
};

export const TEXT_LAYERS = Object.entries(LAYERS).filter(([, layer]) => layer.text);
