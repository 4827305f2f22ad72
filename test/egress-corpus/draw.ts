/** Seeded draws for the corpus: faker for people and prose, and strings over an alphabet. */
import { base, de, en, es, Faker, fr, it, pl } from '@faker-js/faker';

export interface Draw {
  readonly faker: Faker;
  int(below: number): number;
  pick<T>(items: readonly T[]): T;
  from(alphabet: string, count: number): string;
  digits(count: number): string;
  bytes(count: number): Buffer;
}

export const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
export const LOWER = UPPER.toLowerCase();
export const ALNUM = `${UPPER}${LOWER}0123456789`;
export const HEX = '0123456789abcdef';

export function drawOf(seed: number): Draw {
  const faker = new Faker({ locale: [en, de, fr, es, it, pl, base], seed });
  // Dates must not depend on the day of the run.
  faker.setDefaultRefDate('2026-06-01T00:00:00Z');
  const int = (below: number) => faker.number.int({ min: 0, max: below - 1 });
  const from = (alphabet: string, count: number) =>
    Array.from({ length: count }, () => alphabet[int(alphabet.length)]).join('');
  return {
    faker,
    int,
    from,
    pick: (items) => items[int(items.length)] as (typeof items)[number],
    digits: (count) => from('0123456789', count),
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => int(256))),
  };
}
