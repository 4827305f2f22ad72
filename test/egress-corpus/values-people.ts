/** Values that name or reach a person, national ids and finance ids, from their published forms. */
import * as check from './check-digits.ts';
import { type Draw, LOWER, UPPER } from './draw.ts';

/** A value with the labels it usually stands under. */
export interface Kind {
  readonly labels: readonly string[];
  /** Recognisable without its label. */
  readonly alone: boolean;
  readonly make: (d: Draw) => string;
}

const kind = (labels: string, alone: boolean, make: (d: Draw) => string): Kind => ({
  labels: labels.split('|'),
  alone,
  make,
});

const must = (make: () => string | undefined): string => {
  for (;;) {
    const value = make();
    if (value !== undefined) return value;
  }
};
const groups = (value: string, sizes: readonly number[], separator: string) => {
  let at = 0;
  return sizes
    .map((size) => {
      at += size;
      return value.slice(at - size, at);
    })
    .join(separator);
};
const fours = (value: string, separator: string) => value.replace(/(.{4})(?=.)/g, `$1${separator}`);
const pad = (n: number, width = 2) => String(n).padStart(width, '0');
const nanp = (d: Draw) => [
  `${2 + d.int(8)}${pad(2 + d.int(9))}`,
  `${2 + d.int(8)}${pad(12 + d.int(80))}`,
  d.digits(4),
];
const ssn = (d: Draw) => [
  pad(1 + d.int(660), 3).replace('666', '665'),
  pad(1 + d.int(99)),
  pad(1 + d.int(9998), 4),
];
const birth = (d: Draw) => d.faker.date.birthdate();
const iso = (date: Date) => date.toISOString().slice(0, 10);
const fullName = (d: Draw) => `${d.faker.person.firstName()} ${d.faker.person.lastName()}`;
const street = (d: Draw) =>
  `${1 + d.int(9899)} ${d.faker.person.lastName()} ${d.pick(['Street', 'Ave', 'Road', 'Lane', 'Drive', 'St', 'Blvd', 'Court'])}, ${d.faker.location.city()}, ${d.faker.location.state({ abbreviated: true })} ${d.faker.location.zipCode('#####')}`;
const mbi = (d: Draw) => {
  const letters = 'ACDEFGHJKMNPQRTUVWXY';
  const [a, n, an] = [
    () => d.from(letters, 1),
    () => d.digits(1),
    () => d.from(`${letters}0123456789`, 1),
  ];
  return `${1 + d.int(9)}${a()}${an()}${n()}${a()}${an()}${n()}${a()}${a()}${n()}${n()}`;
};
const nino = (d: Draw) =>
  `${d.from('ABCEGHJKLMNOPRSTWXYZ', 1)}${d.pick(['A', 'C', 'E', 'H', 'L', 'M', 'P', 'R', 'S', 'W'])}`
    .replace(/^(BG|GB|NK|KN|TN|NT|ZZ)$/, 'AB')
    .concat(d.digits(6), d.from('ABCD', 1));
const nirOf = (d: Draw) =>
  check.nir(
    `${1 + d.int(2)}${pad(d.int(100))}${pad(1 + d.int(12))}${pad(1 + d.int(95))}${pad(1 + d.int(989), 3)}${pad(1 + d.int(998), 3)}`,
  );
const cardOf = (d: Draw) => {
  const [head, length] = d.pick<[string, number]>([
    ['4', 16],
    ['51', 16],
    ['55', 16],
    ['2221', 16],
    ['34', 15],
    ['37', 15],
    ['6011', 16],
    ['65', 16],
    ['3530', 16],
    ['36', 14],
    ['62', 16],
  ]);
  const body = head + d.digits(length - head.length - 1);
  return body + check.luhnDigit(body);
};
const groupedCard = (d: Draw, separator: string) => {
  const card = cardOf(d);
  if (card.length === 15) return groups(card, [4, 6, 5], separator);
  return card.length === 14 ? groups(card, [4, 6, 4], separator) : fours(card, separator);
};
const ibanOf = (d: Draw) => {
  const [country, form] = d.pick<[string, string]>([
    ['DE', '18'],
    ['ES', '20'],
    ['NL', 'a4 10'],
    ['GB', 'a4 14'],
    ['FR', '23'],
    ['IT', 'a1 22'],
    ['PL', '24'],
    ['BE', '12'],
    ['CH', '17'],
    ['AT', '16'],
    ['PT', '21'],
    ['SE', '20'],
    ['NO', '11'],
    ['DK', '14'],
    ['FI', '14'],
    ['IE', 'a4 14'],
    ['LU', '16'],
    ['CZ', '20'],
    ['SA', '20'],
    ['AE', '19'],
  ]);
  const bban = form
    .split(' ')
    .map((part) =>
      part.startsWith('a') ? d.from(UPPER, Number(part.slice(1))) : d.digits(Number(part)),
    )
    .join('');
  return check.iban(country, bban);
};

export const PEOPLE: Readonly<Record<string, Kind>> = {
  email: kind('email|contact|e-mail|user', true, (d) => d.faker.internet.email()),
  'email-plus': kind(
    'reply_to|login|owner',
    true,
    (d) => `${d.from(LOWER, 6)}+${d.from(LOWER, 3)}@${d.faker.internet.domainName()}`,
  ),
  'phone-us': kind('phone|mobile|tel|contact phone', true, (d) => {
    const [a, b, c] = nanp(d);
    return d.pick([`(${a}) ${b}-${c}`, `${a}-${b}-${c}`, `+1 ${a} ${b} ${c}`, `+1-${a}-${b}-${c}`]);
  }),
  'phone-dots': kind('phone|cell', true, (d) => nanp(d).join('.')),
  'phone-e164': kind(
    'phone|msisdn|whatsapp',
    true,
    (d) =>
      `+${d.pick([`44 7${d.digits(3)} ${d.digits(6)}`, `49 15${d.digits(1)} ${d.digits(8)}`, `33 6 ${groups(d.digits(8), [2, 2, 2, 2], ' ')}`, `34 6${d.digits(2)} ${d.digits(3)} ${d.digits(3)}`, `91 9${d.digits(4)} ${d.digits(5)}`, `61 4${d.digits(2)} ${d.digits(3)} ${d.digits(3)}`, `48 5${d.digits(2)} ${d.digits(3)} ${d.digits(3)}`, `55 11 9${d.digits(4)}-${d.digits(4)}`, `65 9${d.digits(3)} ${d.digits(4)}`, `39 3${d.digits(2)} ${d.digits(7)}`])}`,
  ),
  'phone-solid': kind('phone|mobile|phoneNumber|tel', false, (d) => nanp(d).join('')),
  'phone-uk': kind('phone|telephone', false, (d) => `07${d.digits(3)} ${d.digits(6)}`),
  name: kind('patientName|patient_name|full_name|Name of patient|fullName', false, fullName),
  'name-address': kind(
    'recipient|mailing address|ship to',
    true,
    (d) => `${fullName(d)}, ${street(d)}`,
  ),
  address: kind('address|home address|street_address', true, street),
  'birth-iso': kind('dob|dateOfBirth|birth_date|Date of birth|birthDate', false, (d) =>
    iso(birth(d)),
  ),
  'birth-us': kind('dob|DOB|Birth date|birthday', false, (d) => {
    const date = birth(d);
    return `${pad(date.getUTCMonth() + 1)}/${pad(date.getUTCDate())}/${date.getUTCFullYear()}`;
  }),
  'birth-eu': kind('geburtsdatum|date_naissance|dob', false, (d) => {
    const date = birth(d);
    return `${pad(date.getUTCDate())}.${pad(date.getUTCMonth() + 1)}.${date.getUTCFullYear()}`;
  }),
  gps: kind(
    'gps|home location|coordinates|location',
    false,
    (d) =>
      `${d.faker.location.latitude({ precision: 6 }).toFixed(6)}, ${d.faker.location.longitude({ precision: 6 }).toFixed(6)}`,
  ),
  imei: kind('imei|device imei', false, (d) => {
    const body = `35${d.digits(12)}`;
    return body + check.luhnDigit(body);
  }),
  mac: kind('mac|device mac|mac address', false, (d) => d.faker.internet.mac()),
  iccid: kind('iccid|sim', false, (d) => {
    const body = `8901${d.digits(14)}`;
    return body + check.luhnDigit(body);
  }),
  vin: kind('vin|vehicle', false, (d) =>
    check.vin(d.from('ABCDEFGHJKLMNPRSTUVWXYZ0123456789', 17)),
  ),
  passport: kind(
    'passport|passport_number|passport no',
    false,
    (d) => d.from(UPPER, 1) + d.digits(8),
  ),
  licence: kind(
    'driver license|drivers_license|driver licence',
    false,
    (d) => d.from(UPPER, 1) + d.digits(7),
  ),
};

export const NATIONAL: Readonly<Record<string, Kind>> = {
  ssn: kind('ssn|id|value|social', true, (d) => ssn(d).join('-')),
  'ssn-solid': kind('ssn|SSN|social_security_number|socialSecurityNumber', false, (d) =>
    ssn(d).join(''),
  ),
  'ssn-spaced': kind('ssn|social security', false, (d) => ssn(d).join(' ')),
  itin: kind('itin|taxpayer id', true, (d) => `9${d.digits(2)}-${70 + d.int(18)}-${d.digits(4)}`),
  npi: kind('npi|provider npi', false, (d) => check.npi(`1${d.digits(8)}`)),
  dea: kind('dea|DEA number|prescriber dea', false, (d) =>
    check.dea(d.from('ABFGM', 1) + d.from(UPPER, 1), d.digits(6)),
  ),
  mbi: kind('mbi|medicare|member', true, mbi),
  'mbi-dashed': kind('mbi|medicare id', true, (d) => groups(mbi(d), [4, 3, 4], '-')),
  nhs: kind('nhs|nhs_number|NHS number', false, (d) => must(() => check.nhs(d.digits(9)))),
  'nhs-spaced': kind('nhs|nhs number', true, (d) =>
    groups(
      must(() => check.nhs(`4${d.digits(8)}`)),
      [3, 3, 4],
      ' ',
    ),
  ),
  nino: kind('nino|national insurance|ni', true, nino),
  'nino-spaced': kind('nino|ni number', true, (d) => groups(nino(d), [2, 2, 2, 2, 1], ' ')),
  nir: kind('nir|insee|secu', true, nirOf),
  'nir-spaced': kind('nir|numero secu', true, (d) => groups(nirOf(d), [1, 2, 2, 2, 3, 3, 2], ' ')),
  nif: kind('nif|dni', false, (d) => check.nif(d.digits(8))),
  nie: kind('nie|nif', false, (d) => check.nif(d.digits(7), d.from('XYZ', 1))),
  'codice-fiscale': kind('cf|codice_fiscale', true, (d) =>
    check.codiceFiscale(
      `${d.from(UPPER, 6)}${d.digits(2)}${d.from('ABCDEHLMPRST', 1)}${pad(1 + d.int(28))}${d.from('ABCDEFGHIL', 1)}${d.digits(3)}`,
    ),
  ),
  pesel: kind('pesel|nr pesel', false, (d) =>
    check.pesel(`${d.digits(2)}${pad(1 + d.int(12))}${pad(1 + d.int(28))}${d.digits(4)}`),
  ),
  cpf: kind('cpf|documento', true, (d) => {
    const n = check.cpf(d.digits(9));
    return `${groups(n, [3, 3, 3], '.')}-${n.slice(9)}`;
  }),
  'cpf-solid': kind('cpf|cpf_number', false, (d) => check.cpf(d.digits(9))),
  aadhaar: kind('aadhaar|uidai', false, (d) => check.aadhaar(`${2 + d.int(8)}${d.digits(10)}`)),
  'aadhaar-spaced': kind('aadhaar|aadhaar no', true, (d) =>
    fours(check.aadhaar(`${2 + d.int(8)}${d.digits(10)}`), ' '),
  ),
  pan: kind(
    'pan|PAN card',
    false,
    (d) => `${d.from(UPPER, 3)}P${d.from(UPPER, 1)}${d.digits(4)}${d.from(UPPER, 1)}`,
  ),
  nric: kind('nric|fin', true, (d) =>
    check.nric(d.pick(['S', 'T', 'F', 'G'] as const), d.digits(7)),
  ),
  tfn: kind('tfn|tax file number', false, (d) => must(() => check.tfn(`1${d.digits(7)}`))),
  'tfn-spaced': kind('tfn|tax file number', false, (d) =>
    groups(
      must(() => check.tfn(`1${d.digits(7)}`)),
      [3, 3, 3],
      ' ',
    ),
  ),
  medicare: kind('medicare|medicare card', false, (d) =>
    check.medicare(`${2 + d.int(5)}${d.digits(7)}`, String(1 + d.int(9))),
  ),
  'medicare-spaced': kind('medicare|medicare no', true, (d) =>
    groups(check.medicare(`${2 + d.int(5)}${d.digits(7)}`, String(1 + d.int(9))), [4, 5, 1], ' '),
  ),
  sin: kind('sin|social insurance', false, (d) => {
    const body = `${1 + d.int(7)}${d.digits(7)}`;
    return body + check.luhnDigit(body);
  }),
  'sin-spaced': kind('sin|sin number', false, (d) => {
    const body = `${1 + d.int(7)}${d.digits(7)}`;
    return groups(body + check.luhnDigit(body), [3, 3, 3], d.pick([' ', '-']));
  }),
};

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
export const FINANCE: Readonly<Record<string, Kind>> = {
  card: kind('card|pan|credit_card|cardNumber', true, cardOf),
  'card-spaced': kind('card|payment', true, (d) => groupedCard(d, ' ')),
  'card-dashed': kind('card|number', true, (d) => groupedCard(d, '-')),
  iban: kind('iban|account|to', true, ibanOf),
  'iban-spaced': kind('iban|bank account', true, (d) => fours(ibanOf(d), ' ')),
  aba: kind('routing|aba|routing_number', false, (d) =>
    check.aba(`${d.pick(['02', '11', '12', '26', '31', '06'])}${d.digits(6)}`),
  ),
  account: kind('account_number|bank account number|accountNo|acct no', false, (d) =>
    d.digits(9 + d.int(4)),
  ),
  'sort-code': kind(
    'bank details|uk bank account',
    false,
    (d) => `sort code ${groups(d.digits(6), [2, 2, 2], '-')} account ${d.digits(8)}`,
  ),
  'btc-bech32': kind('btc|wallet|address', true, (d) => `bc1q${d.from(BECH32, 38)}`),
  'btc-taproot': kind('btc|wallet', true, (d) => `bc1p${d.from(BECH32, 58)}`),
  eth: kind('eth|wallet|ethereum address', false, (d) => `0x${d.from('0123456789abcdef', 40)}`),
};
