/** Harmless outputs that look like something: at least forty classes. */
import { createHash, createHmac } from 'node:crypto';
import * as check from './check-digits.ts';
import { ALNUM, type Draw, HEX, LOWER, UPPER } from './draw.ts';

const list = <T>(count: number, make: (i: number) => T) =>
  Array.from({ length: count }, (_, i) => make(i));
const hash = (name: string, d: Draw) => createHash(name).update(d.bytes(9));
const ean = (body: string) => {
  const sum = [...body].reverse().reduce((s, c, i) => s + Number(c) * (i % 2 === 0 ? 3 : 1), 0);
  return body + String((10 - (sum % 10)) % 10);
};
const isbn10 = (nine: string) => {
  const sum = [...nine].reduce((s, c, i) => s + Number(c) * (10 - i), 0);
  const last = (11 - (sum % 11)) % 11;
  return nine + (last === 10 ? 'X' : String(last));
};
const time = (d: Draw) => new Date(1_500_000_000_000 + d.int(300_000_000) * 1000);
const float = (d: Draw) => d.faker.number.float({ min: -1000, max: 1000 });
const json = JSON.stringify;
const png = (d: Draw, size: number) =>
  Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), d.bytes(size)]).toString(
    'base64',
  );
const jpeg = (d: Draw) =>
  Buffer.concat([Buffer.from('ffd8ffe000104a464946', 'hex'), d.bytes(600)]).toString('base64');

export const BENIGN: Readonly<Record<string, (d: Draw) => string>> = {
  uuid: (d) => json({ id: d.faker.string.uuid(), parent: d.faker.string.uuid() }),
  'uuid list': (d) => json({ runs: list(20, () => d.faker.string.uuid()) }),
  sha256: (d) => json({ digest: hash('sha256', d).digest('hex'), size: d.int(1e6) }),
  sha512: (d) => json({ integrity: `sha512-${hash('sha512', d).digest('base64')}` }),
  'git commit': (d) =>
    `commit ${hash('sha1', d).digest('hex')}\n\n    ${d.faker.git.commitMessage()}\n`,
  'short hashes': (d) => json({ commits: list(8, () => d.from(HEX, 7)) }),
  'isbn 13': (d) => json({ isbn: ean(`978${d.digits(9)}`), title: d.faker.book.title() }),
  'isbn 10': (d) => json({ isbn: isbn10(d.digits(9)) }),
  ean: (d) => json({ ean: ean(d.digits(12)), qty: d.int(50) }),
  gtin: (d) =>
    `gtin,price\n${list(6, () => `${ean(`0${d.digits(12)}`)},${d.int(900)}.${d.digits(2)}`).join('\n')}\n`,
  'order id': (d) => json({ orderId: d.digits(10 + d.int(3)), status: 'shipped' }),
  'order id dashed': (d) => json({ order: `${d.digits(3)}-${d.digits(7)}-${d.digits(7)}` }),
  invoice: (d) => json({ invoice: `INV-${d.digits(8)}`, total: d.int(1e7) / 100 }),
  tracking: (d) => json({ tracking: `1Z${d.from(`${UPPER}0123456789`, 16)}`, carrier: 'parcel' }),
  'epoch seconds': (d) => json({ ts: 1_500_000_000 + d.int(300_000_000), ok: true }),
  'epoch millis': (d) =>
    json({ series: list(12, () => [1_500_000_000_000 + d.int(3e8) * 1000, float(d)]) }),
  'epoch nanos': (d) => json({ t: `${1_500_000_000 + d.int(3e8)}${d.digits(9)}` }),
  'iso times': (d) => json({ from: time(d).toISOString(), to: time(d).toISOString() }),
  dates: (d) => json({ window: [time(d), time(d)].map((t) => t.toISOString().slice(0, 10)) }),
  floats: (d) => json(list(40, () => float(d))),
  'small floats': (d) => json(list(30, () => d.faker.number.float({ min: 0, max: 1 }))),
  'scientific numbers': (d) => json({ p: list(9, () => (float(d) * 1e-12).toExponential(6)) }),
  integers: (d) => json(list(40, () => d.int(2 ** 31))),
  'big integers': (d) => json({ n: list(8, () => d.digits(18 + d.int(20)).replace(/^0/, '1')) }),
  'nine digit totals': (d) => json({ total: 100_000_000 + d.int(8e8), rows: d.int(1e6) }),
  'ten digit totals': (d) => json({ revenue: 1e9 + d.int(8e9), units: d.int(1e9) }),
  money: (d) =>
    json({
      total: `${1 + d.int(900)},${d.digits(3)},${d.digits(3)}.${d.digits(2)}`,
      currency: 'EUR',
    }),
  versions: (d) =>
    json({
      node: `v${d.int(30)}.${d.int(20)}.${d.int(9)}`,
      libs: list(6, () => d.faker.system.semver()),
    }),
  'four part versions': (d) =>
    json({ build: `${d.int(20)}.${d.int(99)}.${d.int(9999)}.${d.int(99)}` }),
  'ssh public key': (d) =>
    `ssh-ed25519 ${Buffer.concat([Buffer.from('0000000b7373682d6564323535313900000020', 'hex'), d.bytes(32)]).toString('base64')} build@host`.replace(
      'build@host',
      'build',
    ),
  'pem public key': (d) =>
    `-----BEGIN PUBLIC KEY-----\n${Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), d.bytes(32)]).toString('base64')}\n-----END PUBLIC KEY-----\n`,
  certificate: (d) =>
    `-----BEGIN CERTIFICATE-----\n${Buffer.concat([Buffer.from('308202', 'hex'), d.bytes(500)])
      .toString('base64')
      .replace(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----\n`,
  'jwk public': (d) =>
    json({
      kty: 'OKP',
      crv: 'Ed25519',
      x: d.bytes(32).toString('base64url'),
      kid: d.from(HEX, 16),
    }),
  signature: (d) => json({ signature: d.bytes(64).toString('base64'), alg: 'EdDSA' }),
  receipt: (d) =>
    json({
      version: 1,
      moduleHash: hash('sha256', d).digest('hex'),
      inputCommitment: hash('sha256', d).digest('hex'),
      outputCommitment: hash('sha256', d).digest('hex'),
      fuelUsed: d.int(1e9),
      issuedAtMs: time(d).getTime(),
      signature: d.bytes(64).toString('base64url'),
    }),
  'attestation document': (d) =>
    json({
      module_id: `i-${d.from(HEX, 17)}-enc${d.from(HEX, 16)}`,
      digest: 'SHA384',
      timestamp: time(d).getTime(),
      pcrs: Object.fromEntries(list(4, (i) => [i, d.from(HEX, 96)])),
      nonce: d.bytes(20).toString('base64'),
      public_key: d.bytes(91).toString('base64'),
    }),
  'cose bytes': (d) =>
    json({
      document: Buffer.concat([Buffer.from('8444a1013822a0', 'hex'), d.bytes(900)]).toString(
        'base64',
      ),
    }),
  hmac: (d) => json({ mac: createHmac('sha256', d.bytes(8)).update(d.bytes(8)).digest('base64') }),
  'aggregate table': (d) =>
    json({
      rows: list(8, (i) => ({
        ageGroup: `${i * 10}-${i * 10 + 9}`,
        patients: 11 + d.int(900),
        mean: d.int(9999) / 100,
      })),
    }),
  'aggregate csv': (d) =>
    `department,patients,mean_stay,readmission\n${list(9, () => `${d.faker.commerce.department()},${11 + d.int(500)},${d.int(900) / 100},0.${d.digits(4)}`).join('\n')}\n`,
  'lab codes': (d) =>
    json({ loinc: list(8, () => `${1000 + d.int(88_000)}-${d.int(10)}`), unit: 'mg/dL' }),
  'icd counts': (d) =>
    json({
      counts: Object.fromEntries(
        list(7, () => [
          `${d.from('ABCDEFGHIJKLMN', 1)}${d.digits(2)}.${d.digits(1)}`,
          11 + d.int(400),
        ]),
      ),
    }),
  'snomed counts': (d) =>
    json(
      list(6, () => ({ code: `${1 + d.int(9)}${d.digits(7 + d.int(2))}`, count: 11 + d.int(300) })),
    ),
  'drug codes': (d) => json({ ndc: list(5, () => `${d.digits(5)}-${d.digits(4)}-${d.digits(2)}`) }),
  'geojson of places': (d) =>
    json({
      type: 'FeatureCollection',
      features: list(4, () => ({
        type: 'Feature',
        properties: { region: d.faker.location.country() },
        geometry: { type: 'Point', coordinates: [d.int(360) - 180, d.int(180) - 90] },
      })),
    }),
  'region polygon': (d) => json({ region: 'north', bbox: list(4, () => (d.int(1800) - 900) / 10) }),
  'log line': (d) =>
    `${time(d).toISOString()} ${d.pick(['INFO', 'WARN', 'DEBUG'])} [${d.from(LOWER, 6)}] request ${d.faker.string.uuid()} took ${d.int(9000)} ms status=${d.pick([200, 204, 404])} bytes=${d.int(1e6)}`,
  'access log': (d) =>
    `127.0.0.1 - - [23/Nov/2026:12:${d.pick(['01', '44'])}:09 +0000] "GET /v1/items/${d.int(1e6)} HTTP/1.1" 200 ${d.int(1e5)}`,
  'stack trace': (d) =>
    `TypeError: x is not a function\n    at ${d.from(LOWER, 7)} (/app/src/${d.from(LOWER, 5)}.js:${d.int(900)}:${d.int(80)})\n    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)\n`,
  'png image': (d) => json({ chart: `data:image/png;base64,${png(d, 400)}` }),
  'jpeg image': (d) => json({ thumb: jpeg(d) }),
  svg: (d) =>
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><path d="M${list(20, () => `${d.int(999) / 10} ${d.int(999) / 10}`).join(' L ')}"/></svg>`,
  colours: (d) => json({ palette: list(10, () => `#${d.from(HEX, 6)}`) }),
  'css classes': (d) =>
    `<div class="${list(6, () => `${d.from(LOWER, 5)}-${d.int(12)}`).join(' ')}">${d.faker.lorem.sentence()}</div>`,
  prose: (d) => d.faker.lorem.paragraphs(2),
  'study text': (d) =>
    `Of ${100 + d.int(5000)} patients enrolled between ${d.pick(['January', 'May'])} 2019 and December 2021, ${11 + d.int(90)} had diabetes (${d.int(90)}.${d.digits(1)} %, 95 % CI ${d.int(20)}.${d.digits(1)}–${20 + d.int(30)}.${d.digits(1)}).`,
  histogram: (d) => json({ bins: list(30, (i) => [i * 10, d.int(5000)]) }),
  matrix: (d) => json(list(10, () => list(10, () => Number((d.int(2000) / 1000 - 1).toFixed(3))))),
  'model weights': (d) => json({ layer: 'dense', weights: d.bytes(1200).toString('base64') }),
  embeddings: (d) => json({ vector: list(128, () => d.faker.number.float({ min: -1, max: 1 })) }),
  'json schema': () =>
    json({
      type: 'object',
      properties: {
        email: { type: 'string' },
        password: { type: 'string', minLength: 8 },
        ssn: { type: 'string' },
      },
    }),
  'sql text': (d) =>
    `SELECT region, COUNT(*) AS n, AVG(${d.from(LOWER, 5)}) FROM visits WHERE year = ${2000 + d.int(26)} GROUP BY region HAVING COUNT(*) >= 11;`,
  code: (d) =>
    `export function ${d.from(LOWER, 6)}(a, b) { return (a * ${d.int(9999)}) ^ (b >>> ${d.int(31)}); } // see https://example.org/docs/${d.int(1e6)}`,
  'url list': (d) => json(list(6, () => d.faker.internet.url() + d.from(LOWER, 9))),
  'ip ranges': (d) => json({ allow: ['10.0.0.0/8', '127.0.0.1', `192.168.${d.int(255)}.0/24`] }),
  mime: () => json({ accept: ['application/json', 'text/html;q=0.9', 'image/webp'] }),
  countries: (d) =>
    json(
      list(8, () => ({
        country: d.faker.location.country(),
        code: d.faker.location.countryCode(),
        n: d.int(9999),
      })),
    ),
  products: (d) =>
    json(
      list(5, () => ({
        name: d.faker.commerce.productName(),
        price: d.faker.commerce.price(),
        sku: `${d.from(UPPER, 3)}-${d.digits(5)}`,
      })),
    ),
  'base64 text': (d) => json({ readme: Buffer.from(d.faker.lorem.paragraph()).toString('base64') }),
  'compressed figures': (d) => json({ blob: d.bytes(700).toString('base64'), codec: 'lz4' }),
  'random ids': (d) => json({ ids: list(12, () => d.from(ALNUM, 12)) }),
  ulids: (d) =>
    json({ events: list(6, () => `01${d.from('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 24)}`) }),
  'object ids': (d) => json(list(5, () => ({ _id: d.from(HEX, 24), count: d.int(50) }))),
  'trace ids': (d) => json({ traceparent: `00-${d.from(HEX, 32)}-${d.from(HEX, 16)}-01` }),
  etags: (d) => json({ etag: `W/"${d.from(HEX, 8)}-${d.from(ALNUM, 27)}"`, cache: 'max-age=3600' }),
  'peer ids': (d) =>
    json({
      peer: `12D3KooW${d.from('123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz', 44)}`,
    }),
  cids: (d) => json({ cid: `bafybei${d.from('abcdefghijklmnopqrstuvwxyz234567', 52)}` }),
  dna: (d) => json({ motif: d.from('ACGT', 80), hits: d.int(900) }),
  dimensions: (d) =>
    json({
      boxes: list(8, () => `${d.int(99)}x${d.int(99)}x${d.int(99)}`),
      phases: ['1-2-3', '2-4-6'],
    }),
  'years and ranges': (d) =>
    json({ span: '1999-2004', editions: list(8, () => 1900 + d.int(126)) }),
  'ratio text': (d) =>
    `Ratio ${d.int(99)}:${d.int(99)}, OR ${d.int(9)}.${d.digits(2)} (${d.int(9)}.${d.digits(2)}-${d.int(9)}.${d.digits(2)}), p = 0.${d.digits(3)}`,
  yaml: (d) =>
    `service:\n  replicas: ${d.int(9)}\n  image: registry/app:${d.faker.system.semver()}\n  port: ${1024 + d.int(60_000)}\n`,
  'barcode like': (d) =>
    json({ lot: `${d.from(UPPER, 2)}${d.digits(6)}`, shelf: check.luhnDigit(d.digits(5)) }),
  'password policy': () =>
    json({
      passwordMinLength: 12,
      password_required: true,
      email_verified: true,
      phoneRequired: false,
    }),
  masked: (d) =>
    json({ card: `**** **** **** ${d.digits(4)}`, ssn: '***-**-****', email: 'redacted' }),
  markdown: (d) =>
    `# ${d.faker.lorem.words(3)}\n\n| group | n | mean |\n|---|---|---|\n${list(5, () => `| ${d.faker.word.noun()} | ${11 + d.int(99)} | ${d.int(999) / 10} |`).join('\n')}\n`,
};
