/** Telephone numbers that libphonenumber takes for valid, of every region and kind it knows. */
import { createRequire } from 'node:module';
import { type PhoneNumber, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import metadata from 'libphonenumber-js/metadata.max.json';
import { type Draw, drawOf } from './draw.ts';
import { beginnings, drawMatch, readPattern } from './pattern.ts';

const { version }: { version: string } = createRequire(import.meta.url)(
  'libphonenumber-js/package.json',
);

/** Places in a region's entry of the library's metadata, version 4. */
const [CODE, PATTERN, KINDS] = [0, 2, 11];

interface Plan {
  /** ISO 3166 code, or the calling code of a plan that is no region's. */
  readonly region: string;
  readonly code: string;
  /** Of the digits after the code; the kinds leave some of it free. */
  readonly pattern: string;
  /** Of each kind of number: fixed, mobile, toll-free … */
  readonly kinds: readonly string[];
  /** Of the fixed and mobile ones among them. */
  readonly usual: readonly string[];
}

function planOf([region, entry]: readonly [string, unknown]): Plan {
  const at = (place: number): unknown => (Array.isArray(entry) ? entry[place] : undefined);
  const kinds: unknown = at(KINDS);
  const stated = (Array.isArray(kinds) ? kinds : []).map((kind: unknown): unknown =>
    Array.isArray(kind) ? kind[0] : undefined,
  );
  const isText = (pattern: unknown) => typeof pattern === 'string';
  const pattern = String(at(PATTERN));
  return {
    region,
    code: String(at(CODE)),
    pattern,
    kinds: stated.some(isText) ? stated.filter(isText) : [pattern],
    // The library's first two.
    usual: stated.slice(0, 2).filter(isText),
  };
}

/** Every plan of the library, by region. */
export const PLANS: readonly Plan[] = [
  ...Object.entries(metadata.countries),
  ...Object.entries(metadata.nonGeographic),
].map(planOf);

/** How the numbers of a plan begin, two digits and length, as `46:9`. */
function beginningsOf({ pattern, kinds, usual }: Plan): ReadonlySet<string> {
  const all = (each: string) => [...beginnings(readPattern(each), 2)];
  const lengthOf = (beginning: string) => beginning.split(':')[1];
  const usualLengths = new Set(usual.flatMap(all).map(lengthOf));
  // Blocks of fixed and mobile numbers that nobody has yet are in the pattern, and in no kind.
  const wide = all(pattern).filter((beginning) => usualLengths.has(lengthOf(beginning)));
  return new Set([...wide, ...kinds.flatMap(all)]);
}

/**
 * The table of native/scan: for each country calling code the lengths of national numbers, each with
 * the two digits that they begin with, one bit for each from 00 to 99.
 */
export function phonePlans(): string {
  const codes = new Map<string, Map<number, bigint>>();
  for (const plan of PLANS) {
    const lengths = codes.get(plan.code) ?? new Map<number, bigint>();
    codes.set(plan.code, lengths);
    for (const beginning of beginningsOf(plan)) {
      const [first = 0, length = 0] = beginning.split(':').map(Number);
      if (length >= 2) lengths.set(length, (lengths.get(length) ?? 0n) | (1n << BigInt(first)));
    }
  }
  const lines = [...codes]
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([code, lengths]) => {
      const all = [...lengths]
        .sort(([a], [b]) => a - b)
        .map(([length, first]) => `(${length}, 0x${first.toString(16)})`);
      return `(${code}, &[${all.join(', ')}]),\n`;
    });
  const source = `scripts/data/phone-plans.ts from libphonenumber-js ${version} (libphonenumber, Apache-2.0)`;
  return `// By ${source}; do not edit.\n[\n${lines.join('')}]\n`;
}

export interface Phone {
  readonly plan: Plan;
  readonly number: PhoneNumber;
}

/** @param each numbers of each kind of each plan */
export function validPhones(seed: number, each: number): readonly Phone[] {
  const draw = drawOf(seed);
  return PLANS.flatMap((plan) =>
    plan.kinds.map(readPattern).flatMap((pattern) =>
      Array.from({ length: each }, () => drawMatch(pattern, draw)).flatMap((digits) => {
        const number = parsePhoneNumberFromString(`+${plan.code}${digits}`);
        return number?.isValid() && number.nationalNumber === digits ? [{ plan, number }] : [];
      }),
    ),
  );
}

const bracketed = (text: string) => text.replace(/^(\+\d+) (\d+)/, '$1 ($2)');

/** Ways to write a number that begin with a plus sign. */
export const INTERNATIONAL: Readonly<Record<string, (phone: Phone) => string>> = {
  'E.164': ({ number }) => number.number,
  spaces: ({ number }) => number.formatInternational(),
  dashes: ({ number }) => number.formatInternational().replaceAll(' ', '-'),
  dots: ({ number }) => number.formatInternational().replace(/[ -]/g, '.'),
  brackets: ({ number }) => bracketed(number.formatInternational()),
  'trunk zero': ({ number }) => number.formatInternational().replace(' ', ' (0)'),
  'tel: URI': ({ number }) => number.getURI(),
  'tel: URI with dashes': ({ number }) =>
    `tel:${number.formatInternational().replaceAll(' ', '-')};ext=7`,
};

/** Ways to write it that need a word beside them. */
export const NATIONAL: Readonly<Record<string, (phone: Phone) => string>> = {
  '00': ({ number }) => `00${number.number.slice(1)}`,
  '00 with spaces': ({ number }) => `00${number.formatInternational().slice(1)}`,
  national: ({ number }) => number.formatNational(),
};

/** Digits after a plus sign that libphonenumber calls impossible for their length. */
export function impossiblePhone(draw: Draw): string {
  for (;;) {
    const digits = `${1 + draw.int(9)}${draw.digits(6 + draw.int(9))}`;
    if (parsePhoneNumberFromString(`+${digits}`)?.isPossible() !== true) return `+${digits}`;
  }
}

/** Figures that are no telephone number, some with a plus sign. */
export const FIGURES: Readonly<Record<string, (draw: Draw) => string>> = {
  'signed integer': (d) => `+${1 + d.int(9)}${d.digits(6 + d.int(6))}`,
  'signed decimal': (d) => `+${1 + d.int(9)}${d.digits(d.int(7))}.${d.digits(1 + d.int(6))}`,
  'sum of two': (d) => `${1 + d.int(9)}${d.digits(5)} + ${1 + d.int(9)}${d.digits(5 + d.int(4))}`,
  'thousands apart': (d) => `+${1 + d.int(99)} ${d.digits(3)} ${d.digits(3)}`,
  'thousands by commas': (d) => `+${1 + d.int(99)},${d.digits(3)},${d.digits(3)}`,
  'lines added and removed': (d) => `+${d.int(1_000_000)} -${d.int(1_000_000)}`,
  'order number': (d) => `${1 + d.int(9)}${d.digits(7 + d.int(7))}`,
  'padded number': (d) => `00${d.digits(6 + d.int(9))}`,
  'number in fours': (d) => `${d.digits(4)} ${d.digits(4)} ${d.digits(4)}`,
  coordinates: (d) =>
    `+${d.int(90)}.${d.digits(4)}+${String(d.int(180)).padStart(3, '0')}.${d.digits(4)}/`,
};
