/** Health records, credentials and restricted keys, whole documents each. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { ALNUM, type Draw, HEX, LOWER, UPPER } from './draw.ts';

type Record_ = Readonly<Record<string, (d: Draw) => string>>;

const iso = (date: Date) => date.toISOString().slice(0, 10);
const compact = (date: Date) => iso(date).replaceAll('-', '');
const person = (d: Draw) => ({
  given: d.faker.person.firstName(),
  family: d.faker.person.lastName(),
  birth: d.faker.date.birthdate(),
  mrn: `${d.pick(['MRN', 'H', 'M', ''])}${d.digits(7 + d.int(3))}`,
  sex: d.pick(['male', 'female']),
});
const ICD = ['E11.9', 'I10', 'J45.909', 'C50.911', 'F32.9', 'N18.3', 'B20', 'G40.909', 'M54.5'];

export const HEALTH: Record_ = {
  mrn: (d) =>
    JSON.stringify({
      [d.pick(['mrn', 'MRN', 'medical_record_number', 'chartNumber'])]: person(d).mrn,
    }),
  'mrn-prose': (d) => `Seen today, MRN: ${d.digits(8)}, follow up in two weeks.`,
  'patient-id': (d) =>
    JSON.stringify({
      [d.pick([
        'patientId',
        'patient_id',
        'PatientID',
        'pt-id',
        'patient-number',
      ])]: `${d.from(UPPER, 2)}-${d.digits(6)}`,
    }),
  'fhir-json': (d) => {
    const p = person(d);
    return JSON.stringify({
      resourceType: 'Patient',
      id: d.faker.string.uuid(),
      identifier: [{ system: 'urn:oid:1.2.36.146', value: p.mrn }],
      name: [{ use: 'official', family: p.family, given: [p.given] }],
      gender: p.sex,
      birthDate: iso(p.birth),
    });
  },
  'fhir-xml': (d) => {
    const p = person(d);
    return `<Patient xmlns="http://hl7.org/fhir"><identifier><value value="${p.mrn}"/></identifier><name><family value="${p.family}"/><given value="${p.given}"/></name><birthDate value="${iso(p.birth)}"/></Patient>`;
  },
  hl7: (d) => {
    const p = person(d);
    return `MSH|^~\\&|ADT|GOOD HEALTH|RCV|DEST|${compact(p.birth)}1200||ADT^A01|${d.digits(6)}|P|2.5\rPID|1||${p.mrn}^^^HOSP^MR||${p.family}^${p.given}||${compact(p.birth)}|${p.sex[0]?.toUpperCase()}|||${d.int(999)} Main St^^${d.faker.location.city()}\r`;
  },
  'hl7-pid': (d) => {
    const p = person(d);
    return `PID|1|${d.digits(6)}|${p.mrn}||${p.family}^${p.given}^A||${compact(p.birth)}|M`;
  },
  cda: (d) => {
    const p = person(d);
    return `<ClinicalDocument xmlns="urn:hl7-org:v3"><recordTarget><patientRole><id extension="${p.mrn}" root="2.16.840.1.113883.19.5"/><patient><name><given>${p.given}</given><family>${p.family}</family></name><birthTime value="${compact(p.birth)}"/></patient></patientRole></recordTarget></ClinicalDocument>`;
  },
  x12: (d) => {
    const p = person(d);
    return `ST*837*0001*005010X222A1~NM1*IL*1*${p.family.toUpperCase()}*${p.given.toUpperCase()}****MI*${d.from(UPPER, 3)}${d.digits(9)}~DMG*D8*${compact(p.birth)}*F~CLM*${d.digits(6)}*100***11:B:1*Y*A*Y*I~HI*ABK:E119~`;
  },
  'dx-row': (d) => {
    const p = person(d);
    return d.pick([
      JSON.stringify({ patient: `${p.given} ${p.family}`, diagnosis: d.pick(ICD) }),
      `patient ${p.given} ${p.family}, diagnosis ${d.pick(ICD)}, started metformin`,
      `mrn,dx_code,age\n${d.digits(7)},${d.pick(ICD)},${20 + d.int(70)}\n`,
    ]);
  },
  'member-id': (d) =>
    JSON.stringify({
      [d.pick([
        'member_id',
        'memberId',
        'subscriberId',
        'insurance_id',
      ])]: `${d.from(UPPER, 3)}${d.digits(9)}`,
    }),
  'person-birth': (d) => {
    const p = person(d);
    return JSON.stringify({ name: `${p.given} ${p.family}`, dob: iso(p.birth) });
  },
  'person-row': (d) => {
    const p = person(d);
    return `name,birth_date,city\n${p.given} ${p.family},${iso(p.birth)},${d.faker.location.city()}\n`;
  },
};

/** GitHub and npm: base62 of the CRC-32 of the random part, six characters. */
function checked(prefix: string, body: string): string {
  const alphabet = `0123456789${UPPER}${LOWER}`;
  let n = crc32(body);
  let tail = '';
  for (let i = 0; i < 6; i++) {
    tail = (alphabet[n % 62] ?? '0') + tail;
    n = Math.floor(n / 62);
  }
  return prefix + body + tail;
}

const B64 = `${ALNUM}+/`;
const URL64 = `${ALNUM}-_`;
const words = (d: Draw) => d.pick(['Winter', 'Tiger', 'Orange', 'hunter', 'Secret', 'Dragon']);
const password = (d: Draw) =>
  `${words(d)}${d.digits(3)}${d.pick(['!', '#', '$x', '_9'])}${d.from(LOWER, 3)}`;
const jwt = (d: Draw) => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: d.digits(10), iat: 1_700_000_000 + d.int(9e6) })}.${d.from(URL64, 43)}`;
};

/** Bare tokens, by the published format of each vendor. */
export const TOKENS: Record_ = {
  'aws-id': (d) => `${d.pick(['AKIA', 'ASIA'])}${d.from(`${UPPER}234567`, 16)}`,
  github: (d) => checked(d.pick(['ghp_', 'gho_', 'ghs_', 'ghu_']), d.from(ALNUM, 30)),
  'github-fine': (d) => `github_pat_11${d.from(`${UPPER}0123456789`, 20)}_${d.from(ALNUM, 59)}`,
  gitlab: (d) => `glpat-${d.from(URL64, 20)}`,
  'slack-bot': (d) => `xoxb-${d.digits(12)}-${d.digits(12)}-${d.from(ALNUM, 24)}`,
  'slack-hook': (d) =>
    `https://hooks.slack.com/services/T${d.from(`${UPPER}0123456789`, 10)}/B${d.from(`${UPPER}0123456789`, 10)}/${d.from(ALNUM, 24)}`,
  stripe: (d) => `${d.pick(['sk_live_', 'rk_live_', 'sk_test_'])}${d.from(ALNUM, 24)}`,
  openai: (d) => `sk-proj-${d.from(URL64, 74)}T3BlbkFJ${d.from(URL64, 74)}`,
  anthropic: (d) => `sk-ant-api03-${d.from(URL64, 93)}AA`,
  google: (d) => `AIza${d.from(URL64, 35)}`,
  'google-oauth': (d) => `GOCSPX-${d.from(URL64, 28)}`,
  npm: (d) => checked('npm_', d.from(ALNUM, 30)),
  pypi: (d) => `pypi-AgEIcHlwaS5vcmc${d.from(URL64, 150)}`,
  rubygems: (d) => `rubygems_${d.from(HEX, 48)}`,
  docker: (d) => `dckr_pat_${d.from(URL64, 27)}`,
  digitalocean: (d) => `dop_v1_${d.from(HEX, 64)}`,
  databricks: (d) => `dapi${d.from(HEX, 32)}`,
  doppler: (d) => `dp.pt.${d.from(ALNUM, 43)}`,
  vault: (d) => `hvs.${d.from(URL64, 95)}`,
  terraform: (d) => `${d.from(ALNUM, 14)}.atlasv1.${d.from(URL64, 67)}`,
  sendgrid: (d) => `SG.${d.from(URL64, 22)}.${d.from(URL64, 43)}`,
  mailgun: (d) => `key-${d.from(HEX, 32)}`,
  mailchimp: (d) => `${d.from(HEX, 32)}-us${1 + d.int(20)}`,
  twilio: (d) => `SK${d.from(HEX, 32)}`,
  telegram: (d) => `${d.digits(10)}:AA${d.from(URL64, 33)}`,
  discord: (d) => `https://discord.com/api/webhooks/${d.digits(18)}/${d.from(URL64, 68)}`,
  shopify: (d) => `shpat_${d.from(HEX, 32)}`,
  square: (d) => `sq0csp-${d.from(URL64, 43)}`,
  huggingface: (d) => `hf_${d.from(ALNUM, 34)}`,
  linear: (d) => `lin_api_${d.from(ALNUM, 40)}`,
  notion: (d) => `ntn_${d.digits(11)}${d.from(ALNUM, 35)}`,
  figma: (d) => `figd_${d.from(URL64, 40)}`,
  grafana: (d) => `glsa_${d.from(ALNUM, 32)}_${d.from(HEX, 8)}`,
  newrelic: (d) => `NRAK-${d.from(`${UPPER}0123456789`, 27)}`,
  planetscale: (d) => `pscale_tkn_${d.from(URL64, 43)}`,
  postman: (d) => `PMAK-${d.from(HEX, 24)}-${d.from(HEX, 34)}`,
  age: (d) => `AGE-SECRET-KEY-1${d.from('QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L', 58)}`,
  easypost: (d) => `EZAK${d.from(ALNUM, 54)}`,
  flyio: (d) => `FlyV1 fm2_${d.from(B64, 300)}`,
  jwt,
  'jwk-libp2p': (d) =>
    Buffer.concat([Buffer.from('08011240', 'hex'), d.bytes(64)]).toString('base64'),
  'url-password': (d) =>
    `${d.pick(['postgres', 'mysql', 'mongodb', 'redis', 'amqp'])}://${d.from(LOWER, 6)}:${d.from(ALNUM, 14)}@db.${d.faker.internet.domainName()}:5432/app`,
  pem: (d) => {
    const body = d.from(B64, 192).replace(/(.{64})/g, '$1\n');
    const name = d.pick(['', 'RSA ', 'EC ', 'OPENSSH ', 'ENCRYPTED ']);
    return `-----BEGIN ${name}PRIVATE KEY-----\n${body}-----END ${name}PRIVATE KEY-----`;
  },
  // RFC 8410: PKCS #8 of an Ed25519 key.
  'pkcs8-der': (d) =>
    Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), d.bytes(32)]).toString(
      'base64',
    ),
  wif: (d) => {
    const body = Buffer.concat([Buffer.from([0x80]), d.bytes(32), Buffer.from([1])]);
    const hash = (data: Buffer) => createHash('sha256').update(data).digest();
    return base58(Buffer.concat([body, hash(hash(body)).subarray(0, 4)]));
  },
  'btc-address': (d) => {
    const body = Buffer.concat([Buffer.from([d.pick([0, 5])]), d.bytes(20)]);
    const hash = (data: Buffer) => createHash('sha256').update(data).digest();
    return base58(Buffer.concat([body, hash(hash(body)).subarray(0, 4)]));
  },
};

/** Bitcoin's Base58, most significant first. */
export function base58(data: Uint8Array): string {
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
  let n = BigInt(`0x${Buffer.from(data).toString('hex') || '0'}`);
  let out = '';
  for (; n > 0n; n /= 58n) out = alphabet[Number(n % 58n)] + out;
  const zeros = data.findIndex((byte) => byte !== 0);
  return '1'.repeat(zeros < 0 ? data.length : zeros) + out;
}

/** Assignments whose key says that the value is a credential. */
export const ASSIGNED: Record_ = {
  'aws-secret': (d) => `aws_secret_access_key = ${d.from(B64, 40)}`,
  password: (d) =>
    `{"${d.pick(['password', 'passwd', 'db_password', 'PASSWORD', 'user-password'])}":"${password(d)}"}`,
  'password-env': (d) => `DB_PASSWORD=${password(d)}`,
  'password-yaml': (d) => `database:\n  user: app\n  password: ${password(d)}\n`,
  'api-key': (d) =>
    `{"${d.pick(['apiKey', 'api_key', 'API-KEY', 'x-api-key', 'apikey'])}":"${d.from(ALNUM, 32)}"}`,
  'client-secret': (d) => `client_secret: "${d.from(URL64, 40)}"`,
  bearer: (d) => `Authorization: Bearer ${d.from(URL64, 40)}`,
  basic: (d) =>
    `Authorization: Basic ${Buffer.from(`${d.from(LOWER, 6)}:${password(d)}`).toString('base64')}`,
  datadog: (d) => `DD_API_KEY=${d.from(HEX, 32)}`,
  'azure-storage': (d) =>
    `DefaultEndpointsProtocol=https;AccountName=${d.from(LOWER, 8)};AccountKey=${d.bytes(64).toString('base64')};EndpointSuffix=core.windows.net`,
  twilio: (d) => `twilio_auth_token: ${d.from(HEX, 32)}`,
  heroku: (d) => `HEROKU_API_KEY=${d.faker.string.uuid()}`,
};

const RESTRICTED: readonly (readonly [string, (d: Draw) => string])[] = [
  ['patient id', (d) => `P${d.digits(6)}`],
  ['medical record number', (d) => d.digits(8)],
  ['social security number', (d) => d.digits(9)],
  ['date of birth', (d) => iso(d.faker.date.birthdate())],
  ['email address', (d) => d.faker.internet.email()],
  ['api key', (d) => d.from(ALNUM, 24)],
  ['user password', password],
  ['access token', (d) => d.from(ALNUM, 40)],
  ['phone number', (d) => d.digits(10)],
  ['account number', (d) => d.digits(11)],
];

const SPELLINGS: readonly ((words: readonly string[]) => string)[] = [
  (w) => w.map((x, i) => (i === 0 ? x : x[0]?.toUpperCase() + x.slice(1))).join(''),
  (w) => w.map((x) => x[0]?.toUpperCase() + x.slice(1)).join(''),
  (w) => w.join('_'),
  (w) => w.join('-'),
  (w) => w.join('.'),
  (w) => w.join(' '),
  (w) => w.join('').toUpperCase(),
  (w) => w.join('_').toUpperCase(),
  (w) => `primary_${w.join('_')}`,
];

export const KEYED: Record_ = Object.fromEntries(
  RESTRICTED.map(([phrase, value]) => [
    `key ${phrase}`,
    (d: Draw) => JSON.stringify({ [d.pick(SPELLINGS)(phrase.split(' '))]: value(d), n: d.int(90) }),
  ]),
);
