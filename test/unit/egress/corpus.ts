/** Labelled outputs with seeds: values that must not leave, ways to hide them, harmless look-alikes. */
import { createHash } from 'node:crypto';
import zlib from 'node:zlib';
import type { Random } from '../../../shared/runtime.ts';

export interface Draw {
  int(below: number): number;
  pick<T>(items: readonly T[]): T;
  digits(count: number): string;
  from(alphabet: string, count: number): string;
  bytes(count: number): Buffer;
  float(): number;
}

export function drawFrom(random: Random): Draw {
  const int = (below: number) => Buffer.from(random.bytes(6)).readUIntBE(0, 6) % below;
  const from = (alphabet: string, count: number) =>
    Array.from({ length: count }, () => alphabet[int(alphabet.length)]).join('');
  return {
    int,
    from,
    pick: (items) => items[int(items.length)] as (typeof items)[number],
    digits: (count) => from('0123456789', count),
    bytes: (count) => Buffer.from(random.bytes(count)),
    float: () => int(2 ** 40) / 2 ** 40,
  };
}

const ALNUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function luhnComplete(body: string): string {
  let sum = 0;
  [...body].reverse().forEach((char, i) => {
    const d = Number(char) * (i % 2 === 0 ? 2 : 1);
    sum += d > 9 ? d - 9 : d;
  });
  return body + String((10 - (sum % 10)) % 10);
}

function ibanOf(country: string, bban: string): string {
  const number = [...`${bban}${country}00`].map((c) => Number.parseInt(c, 36)).join('');
  return `${country}${String(98n - (BigInt(number) % 97n)).padStart(2, '0')}${bban}`;
}

const NAMES = ['ada', 'jan.kowalski', 'm_garcia', 'li-wei', 'o.brien', 'sofia.rossi'] as const;
const HOSTS = ['example.com', 'mail.example.org', 'clinic.example.co.uk', 'test.com'] as const;

/** Values by type, each as a document on its own. */
export const SECRETS: Readonly<Record<string, (d: Draw) => string>> = {
  email: (d) => `{"contact":"${d.pick(NAMES)}${d.int(99)}@${d.pick(HOSTS)}"}`,
  phone: (d) =>
    `call +1 ${2 + d.int(7)}${d.digits(2)} ${2 + d.int(7)}${d.digits(2)} ${d.digits(4)} today`,
  'phone-us': (d) =>
    `{"phone":"(${2 + d.int(7)}0${1 + d.int(8)}) ${2 + d.int(7)}5${d.digits(1)}-${d.digits(4)}"}`,
  ssn: (d) => `{"x":"${100 + d.int(500)}-${10 + d.int(89)}-${1000 + d.int(8999)}"}`,
  'ssn-key': (d) => `{"ssn":"${100 + d.int(500)}${10 + d.int(89)}${1000 + d.int(8999)}"}`,
  card: (d) => `paid with ${luhnComplete(`4${d.digits(14)}`).replace(/(\d{4})(?=\d)/g, '$1 ')}`,
  iban: (d) => `{"a":"${ibanOf('DE', d.digits(18)).replace(/(.{4})(?=.)/g, '$1 ')}"}`,
  github: (d) => `{"t":"ghp_${d.from(ALNUM, 36)}"}`,
  aws: (d) => `AKIA${d.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16)}`,
  'patient-id': (d) => `{"patientId":"${d.from('abcdef0123456789', 12)}"}`,
  mrn: (d) => `{"mrn":"${d.digits(8)}"}`,
  dob: (d) => `{"dob":"19${40 + d.int(59)}-0${1 + d.int(8)}-1${d.int(9)}"}`,
  fhir: (d) =>
    `{"resourceType":"Patient","name":[{"family":"Doe","given":["${d.pick(NAMES)}"]}],"birthDate":"1970-01-0${1 + d.int(8)}"}`,
  hl7: (d) => `PID|1||${d.digits(6)}^^^MRN||DOE^JANE||19700101|F`,
  jwt: (d) => `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOi${d.from(ALNUM, 20)}.${d.from(ALNUM, 43)}`,
  'private-key': (d) =>
    `-----BEGIN PRIVATE KEY-----\n${d.from(ALNUM, 60)}\n-----END PRIVATE KEY-----`,
  password: (d) => `{"password":"${d.from(ALNUM, 12)}"}`,
  url: (d) => `postgres://app:${d.from(ALNUM, 10)}@db.internal:5432/main`,
};

const each = (text: string, map: (char: string) => string) => [...text].map(map).join('');

/** One layer; the document that carries it is JSON or raw. */
export const LAYERS: Readonly<Record<string, (value: Buffer) => Buffer | string>> = {
  base64: (b) => b.toString('base64'),
  base64url: (b) => b.toString('base64url'),
  hex: (b) => b.toString('hex'),
  percent: (b) => [...b].map((x) => `%${x.toString(16).padStart(2, '0')}`).join(''),
  json: (b) => JSON.stringify({ inner: b.toString() }),
  gzip: (b) => zlib.gzipSync(b).toString('base64'),
  deflate: (b) => zlib.deflateRawSync(b).toString('hex'),
  brotli: (b) => zlib.brotliCompressSync(b).toString('base64'),
  zstd: (b) => zlib.zstdCompressSync(b).toString('base64'),
  entities: (b) => each(b.toString(), (c) => `&#${c.codePointAt(0)};`),
  'full-width': (b) =>
    each(b.toString(), (c) =>
      c > '!' && c < '~' ? String.fromCharCode(c.charCodeAt(0) + 0xfee0) : c,
    ),
  'zero-width': (b) => [...b.toString()].join('\u200b'),
};

/** Harmless documents that look like something. */
export const HARMLESS: Readonly<Record<string, (d: Draw) => string>> = {
  uuid: (d) => {
    const h = d.bytes(16).toString('hex');
    return `{"id":"${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-a${h.slice(17, 20)}-${h.slice(20)}"}`;
  },
  sha256: (d) => JSON.stringify({ h: createHash('sha256').update(d.bytes(8)).digest('hex') }),
  signature: (d) => JSON.stringify({ sig: d.bytes(64).toString('base64') }),
  floats: (d) => JSON.stringify(Array.from({ length: 20 }, () => d.float() * 1000)),
  integers: (d) => JSON.stringify(Array.from({ length: 20 }, () => d.int(1e9))),
  epoch: (d) => JSON.stringify({ t: 1_600_000_000_000 + d.int(2e11) }),
  order: (d) => JSON.stringify({ orderId: `ORD-${d.digits(10)}` }),
  isbn: () => '{"isbn":"978-3-16-148410-0"}',
  ean: (d) => JSON.stringify({ ean: `40${d.digits(11)}` }),
  aggregate: (d) =>
    JSON.stringify({ groups: [{ sex: 'female', patients: 10 + d.int(90), meanAge: 61.6 }] }),
  prose: (d) =>
    `The cohort had ${d.int(900)} patients; the study ran from 2019-01-01 to 2021-12-31.`,
  version: (d) => `{"version":"1.${d.int(40)}.${d.int(9)}","node":"v24.21.0"}`,
  loopback: () => '{"host":"127.0.0.1","port":8080}',
  log: (d) =>
    `2026-11-23T12:00:00.${d.digits(3)}Z INFO id=${d.from('abcdef0123456789', 8)} took ${d.int(1e9)} ns`,
  'public-key': (d) => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${d.from(ALNUM, 43)}`,
  image: (d) =>
    `data:image/png;base64,${Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), d.bytes(200)]).toString('base64')}`,
  csv: (d) =>
    `a,b\n${Array.from({ length: 10 }, () => `${d.float().toFixed(4)},${d.int(1e6)}`).join('\n')}`,
  histogram: (d) => JSON.stringify(Array.from({ length: 30 }, (_, i) => [i * 10, d.int(5000)])),
  schema: () => '{"properties":{"email":{"type":"string"},"password":{"type":"string"}}}',
  money: (d) => `{"total":"1,${d.digits(3)},567.89","tax":${d.int(1e6)}.32}`,
  bytes: (d) => JSON.stringify({ m: d.bytes(300).toString('base64') }),
  code: () => 'function add(a, b) { return a + b; } // see https://example.org/docs?id=12',
};

/** Ways to carry a restricted key and its value. */
export const CARRIERS: Readonly<Record<string, (key: string, value: string) => string>> = {
  json: (k, v) => JSON.stringify({ [k]: v }),
  nested: (k, v) => JSON.stringify({ a: [{ b: { [k]: v } }] }),
  pairs: (k, v) => JSON.stringify([[k, v]]),
  'name and value': (k, v) => JSON.stringify({ name: k, value: v }),
  'columns and rows': (k, v) => JSON.stringify({ columns: ['id', k], rows: [[1, v]] }),
  json5: (k, v) => `{${k}: '${v}', id: 1}`,
  ndjson: (k, v) => `{"id":1}\n${JSON.stringify({ [k]: v })}\n`,
  xml: (k, v) => `<row><${k}>${v}</${k}></row>`,
  attribute: (k, v) => `<row ${k}="${v}"/>`,
  html: (k, v) => `<tr><th>${k}</th><td>${v}</td></tr>`,
  csv: (k, v) => `id,${k},x\n1,${v},2\n`,
  tsv: (k, v) => `id\t${k}\n1\t${v}\n`,
  markdown: (k, v) => `| id | ${k} |\n|---|---|\n| 1 | ${v} |\n`,
  yaml: (k, v) => `row:\n  ${k}: ${v}\n`,
  sql: (k, v) => `INSERT INTO t (id, ${k}) VALUES (1, '${v}');`,
  query: (k, v) => `https://example.org/p?a=1&${k}=${encodeURIComponent(v)}`,
  prose: (k, v) => `The ${k} of the second row is ${v}.`,
};
