/** Inputs made to cost more than they weigh. Each is to be judged in bounded time and memory. */
import zlib from 'node:zlib';
import { drawOf } from './draw.ts';
import { LAYERS } from './layers.ts';

const zip = (data: Buffer) => LAYERS.zip?.encode(data, drawOf(1)) ?? Buffer.alloc(0);
const times = (count: number, start: Buffer, step: (data: Buffer) => Buffer) => {
  let data = start;
  for (let i = 0; i < count; i++) data = step(data);
  return data;
};
const repeated = (text: string, bytes: number) =>
  Buffer.from(text.repeat(Math.ceil(bytes / text.length)));

export const BOMBS: Readonly<Record<string, () => Buffer>> = {
  'zip of zips of 256 MB of zeros': () =>
    times(3, zip(Buffer.alloc(256 * 1024 * 1024)), (data) => zip(Buffer.concat([data, data]))),
  'gzip of 200 MB of zeros': () => zlib.gzipSync(Buffer.alloc(200 * 1024 * 1024)),
  'brotli of 100 MB of zeros': () =>
    zlib.brotliCompressSync(Buffer.alloc(100 * 1024 * 1024), {
      params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 },
    }),
  'zstd of 100 MB of zeros': () => zlib.zstdCompressSync(Buffer.alloc(100 * 1024 * 1024)),
  'gzip within gzip, 40 deep': () => times(40, Buffer.from('x'), (data) => zlib.gzipSync(data)),
  'base64 within base64, 12 deep': () =>
    times(12, repeated('harmless text ', 4096), (data) => Buffer.from(data.toString('base64'))),
  '100,000 nested arrays': () => Buffer.from('['.repeat(100_000) + ']'.repeat(100_000)),
  '100,000 nested objects': () => Buffer.from(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
  '200 kB of one base64 letter': () => repeated('A', 200_000),
  '200 kB of base64 of base64': () =>
    Buffer.from(repeated(repeated('QUFB', 100_000).toString('base64'), 130_000).toString('base64')),
  '40 kB of "1-"': () => repeated('1-', 40_000),
  '100 kB of digits and spaces': () => repeated('4111 ', 100_000),
  '100 kB of an address that never ends': () => repeated('a.', 100_000),
  '100 kB of signs of mail': () => repeated('a@', 100_000),
  '200 kB of percent signs': () => repeated('%25', 200_000),
  '100 kB of backslashes': () => repeated('\\\\u005c', 100_000),
  '100 kB of references': () => repeated('&#38;#38;', 100_000),
  '100 kB of plus signs': () => repeated('+AGEA-', 100_000),
  '300 kB of UTF-7 that reads as nothing': () => repeated('+AAA', 300_000),
  '100 kB of UTF-7 with a fault at its end': () =>
    Buffer.concat([repeated('+', 60_000), Buffer.from('AAAA '), repeated('++QU', 40_000)]),
  '100 kB of "private key near" words': () => repeated('aws secret key token password: ', 100_000),
  '100 kB of restricted keys': () => repeated('"ssn":"x","patientId":1,', 100_000),
  '100 kB of "one two three"': () => repeated('one two three ', 100_000),
  '100 kB of "x dot y at z"': () => repeated('x dot y at z ', 100_000),
  '100 kB of hex pairs': () => repeated('6a 6f 68 ', 100_000),
  '100 kB of code lists': () => repeated('[104,101,108],', 100_000),
  '100 kB of base58': () => repeated('5KJvsngHeMpm884wtkJNzQGaCErckhHJBGFsvd3Vyk5Z ', 100_000),
  '100 kB of short strings': () => repeated('"ab","cd",', 100_000),
  '100 kB of opening brackets and names': () => repeated('(ssn, name, [', 100_000),
  '100 kB of columns': () => Buffer.from(`ssn,name,dob\n${'1,2,3\n'.repeat(16_000)}`),
  '100 kB of accents': () => repeated('é\u0301a', 100_000),
};
