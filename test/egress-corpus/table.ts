/** A table of synthetic people, copies of its cells in every disguise, and honest figures about it. */
import { createHash } from 'node:crypto';
import type { Draw } from './draw.ts';

export type Row = Readonly<Record<string, string | number>>;

export function tableOf(d: Draw, rows: number): Row[] {
  return Array.from({ length: rows }, (_, i) => ({
    row: i,
    patient: d.faker.string.uuid(),
    name: `${d.faker.person.firstName()} ${d.faker.person.lastName()}`,
    born: d.faker.date.birthdate().toISOString().slice(0, 10),
    city: d.pick(['Boston', 'Denver', 'Austin', 'Seattle', 'Portland']),
    street: d.faker.location.streetAddress(),
    mail: d.faker.internet.email(),
    mrn: d.digits(10),
    sex: d.pick(['female', 'male']),
    code: d.pick(['E11.9', 'I10', 'J45.909', 'C50.911', 'F32.9']),
    systolic: 90 + d.int(90),
    glucose: Number((60 + d.int(2400) / 10).toFixed(1)),
    note: `${d.faker.word.adjective()} ${d.faker.word.noun()} ${d.faker.word.verb()} ${d.faker.word.adverb()} ${d.faker.word.noun()}, ${d.faker.word.adjective()} ${d.faker.word.noun()}`,
  }));
}

const IDENTIFYING = ['patient', 'name', 'street', 'mail', 'mrn', 'note'];
const cell = (d: Draw, rows: readonly Row[]) => String(d.pick(rows)[d.pick(IDENTIFYING)]);

/** Outputs that hold cells of the table; none may leave. */
export const COPIES: Readonly<Record<string, (d: Draw, rows: readonly Row[]) => string>> = {
  row: (d, rows) => JSON.stringify(d.pick(rows)),
  'csv row': (d, rows) => `${Object.values(d.pick(rows)).join(',')}\n`,
  cell: (d, rows) => JSON.stringify({ x: cell(d, rows) }),
  'upper case': (d, rows) => JSON.stringify({ x: cell(d, rows).toUpperCase() }),
  reversed: (d, rows) => JSON.stringify({ x: [...cell(d, rows)].reverse().join('') }),
  base64: (d, rows) => JSON.stringify({ x: Buffer.from(cell(d, rows)).toString('base64') }),
  hex: (d, rows) => JSON.stringify({ x: Buffer.from(cell(d, rows)).toString('hex') }),
  split: (d, rows) => JSON.stringify({ x: cell(d, rows).match(/.{1,4}/g) }),
  'split keys': (d, rows) =>
    JSON.stringify(
      Object.fromEntries((cell(d, rows).match(/.{1,5}/g) ?? []).map((p, i) => [`p${i}`, p])),
    ),
  separated: (d, rows) => JSON.stringify({ x: [...cell(d, rows)].join('-') }),
  sha256: (d, rows) =>
    JSON.stringify({ x: createHash('sha256').update(cell(d, rows)).digest('hex') }),
  sha1: (d, rows) => JSON.stringify({ x: createHash('sha1').update(cell(d, rows)).digest('hex') }),
  md5: (d, rows) => JSON.stringify({ x: createHash('md5').update(cell(d, rows)).digest('hex') }),
  'sha256 base64': (d, rows) =>
    JSON.stringify({ x: createHash('sha256').update(cell(d, rows)).digest('base64') }),
  'part of a note': (d, rows) => JSON.stringify({ x: String(d.pick(rows).note).slice(4, -6) }),
  'name and birth': (d, rows) => {
    const row = d.pick(rows);
    return JSON.stringify({ label: row.name, when: row.born });
  },
  'in prose': (d, rows) => `The highest value was seen in ${cell(d, rows)} last week.`,
  'list of ids': (d, rows) =>
    JSON.stringify(
      rows
        .slice(d.int(50))
        .slice(0, 10)
        .map((row) => row.patient),
    ),
};

/** Honest figures about the table. */
export const FIGURES: Readonly<Record<string, (d: Draw, rows: readonly Row[]) => string>> = {
  counts: (d, rows) => {
    const city = d.pick(['Boston', 'Denver', 'Austin', 'Seattle', 'Portland']);
    return JSON.stringify({
      city,
      patients: rows.filter((row) => row.city === city).length,
      n: d.int(400),
    });
  },
  means: (d, rows) =>
    JSON.stringify({
      bySex: ['female', 'male'].map((sex) => ({
        sex,
        n: rows.filter((row) => row.sex === sex).length,
        mean: Number(
          (rows.reduce((sum, row) => sum + Number(row.glucose), d.int(9)) / rows.length).toFixed(2),
        ),
      })),
    }),
  codes: (d) =>
    JSON.stringify({
      codes: [
        ['E11.9', 80 + d.int(9)],
        ['I10', 77 + d.int(9)],
        ['F32.9', d.int(90) + 11],
      ],
    }),
  'fitted model': (d) =>
    JSON.stringify({
      beta: Array.from({ length: 12 }, () => d.faker.number.float({ min: -4, max: 4 })),
      r2: 0.61,
    }),
};
