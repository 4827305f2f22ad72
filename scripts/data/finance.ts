/**
 * Makes examples/finance: synthetic card payments by Faker (@faker-js/faker, MIT) with a fixed
 * seed. No row is about a person or a real account.
 * Usage: node scripts/data/finance.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { base, en, Faker } from '@faker-js/faker';

const SEED = 20260101;
const ACCOUNTS = 400;
const PAYMENTS = 8_000;
const FRAUD_SHARE = 0.025;
/** Category, its weight, median amount and how much likelier fraud is there. */
const CATEGORIES = [
  { name: 'grocery', weight: 30, median: 38, risk: 0.4 },
  { name: 'fuel', weight: 12, median: 52, risk: 0.6 },
  { name: 'restaurant', weight: 20, median: 27, risk: 0.5 },
  { name: 'travel', weight: 6, median: 310, risk: 1.8 },
  { name: 'electronics', weight: 9, median: 180, risk: 2.6 },
  { name: 'online', weight: 18, median: 64, risk: 1.7 },
  { name: 'cash', weight: 5, median: 120, risk: 1.5 },
] as const;

const faker = new Faker({ locale: [en, base], seed: SEED });
const from = new Date('2026-01-01T00:00:00Z');
const to = new Date('2026-03-31T23:59:59Z');

const accounts = Array.from({ length: ACCOUNTS }, () => ({
  id: faker.finance.accountNumber(10),
  holder: faker.person.fullName(),
  card: faker.finance.creditCardNumber('4###-####-####-###L').replaceAll('-', ''),
  country: faker.helpers.weightedArrayElement([
    { value: 'DE', weight: 7 },
    { value: 'FR', weight: 2 },
    { value: 'NL', weight: 1 },
  ]),
}));

/** Log-normal around the median, by the sum of twelve uniform numbers. */
function amount(median: number): number {
  let normal = -6;
  for (let i = 0; i < 12; i++) normal += faker.number.float();
  return Math.round(median * Math.exp(0.6 * normal) * 100) / 100;
}

function payment() {
  const account = faker.helpers.arrayElement(accounts);
  const category = faker.helpers.weightedArrayElement(
    CATEGORIES.map((value) => ({ value, weight: value.weight })),
  );
  const fraud = faker.datatype.boolean({ probability: FRAUD_SHARE * category.risk });
  const abroad = faker.datatype.boolean({ probability: fraud ? 0.6 : 0.04 });
  return {
    time: faker.date.between({ from, to }).toISOString(),
    account: account.id,
    holder: account.holder,
    card: account.card,
    category: category.name,
    amount: amount(category.median * (fraud ? 2.4 : 1)).toFixed(2),
    country: abroad ? faker.location.countryCode() : account.country,
    is_fraud: String(fraud),
  };
}

const rows = Array.from({ length: PAYMENTS }, payment).sort((a, b) => (a.time < b.time ? -1 : 1));
const columns = Object.keys(rows[0] ?? {});
const quote = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const lines = [columns, ...rows.map((row) => Object.values(row))].map((fields) =>
  fields.map(quote).join(','),
);
const out = join(import.meta.dirname, '..', '..', 'examples', 'finance');
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'transactions.csv'), `${lines.join('\n')}\n`);
