/**
 * Telephone numbers against libphonenumber: what it calls valid is found in every way of writing
 * it, what it calls impossible and figures of other kinds mostly are not.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadScanner } from '../../../enclave/egress/scanner.ts';
import { drawOf } from '../../egress-corpus/draw.ts';
import { drawMatch, readPattern } from '../../egress-corpus/pattern.ts';
import {
  FIGURES,
  INTERNATIONAL,
  impossiblePhone,
  NATIONAL,
  type Phone,
  PLANS,
  phonePlans,
  validPhones,
} from '../../egress-corpus/phones.ts';

const SEED = Number(process.env.NMP_EGRESS_SEED ?? 41);
const scanner = loadScanner();
const rules = (text: string) =>
  scanner.scan(Buffer.from(text), []).findings.map(({ rule }) => rule);
const isPhone = (text: string) => rules(text).some((rule) => rule.startsWith('phone'));
const share = <T>(all: readonly T[], is: (one: T) => boolean) => all.filter(is).length / all.length;
const phones = validPhones(SEED, 2);
const note = (text: string) => JSON.stringify({ note: text });

describe('the plans of native/scan', () => {
  it('are those of the pinned libphonenumber (scripts/data/phone-plans.ts)', () => {
    const root = join(import.meta.dirname, '..', '..', '..');
    const file = join(root, 'native', 'scan', 'rules', 'phone-plans.in');
    expect(readFileSync(file, 'utf8')).toBe(phonePlans());
  });
});

describe('a drawn number', () => {
  it('is of every plan, and valid', () => {
    expect(new Set(phones.map(({ plan }) => plan.region)).size).toBe(PLANS.length);
    expect(PLANS.length).toBeGreaterThan(250);
    expect(phones.length).toBeGreaterThan(2000);
  });

  it('matches its pattern', () => {
    const draw = drawOf(SEED);
    for (const kind of PLANS.flatMap(({ kinds }) => kinds)) {
      expect(drawMatch(readPattern(kind), draw)).toMatch(new RegExp(`^(?:${kind})$`));
    }
    for (const wrong of ['1*', '(2)', '(?:1', '[12', 'a']) {
      expect(() => readPattern(wrong)).toThrow(SyntaxError);
    }
  });
});

describe('an international number', () => {
  const long = ({ number }: Phone) => number.number.length > 8;

  it.each(Object.entries(INTERNATIONAL))('%s: 99 of 100, and all from 8 digits on', (_, write) => {
    for (const put of [note, (text: string) => `Please write to ${text} before noon.`]) {
      const found = (phone: Phone) => isPhone(put(write(phone)));
      // Now and then one is a card number, too, and is called that.
      const lost = (phone: Phone) => long(phone) && rules(put(write(phone))).length === 0;
      expect(phones.filter(lost).map(write)).toEqual([]);
      expect(share(phones, found)).toBeGreaterThanOrEqual(0.99);
    }
  });

  it('is found before a word that begins with a digit', () => {
    expect(isPhone('call +44 20 7946 0958 2nd floor')).toBe(true);
    expect(isPhone('+44 20 7946 0958 2nd floor')).toBe(true);
    expect(isPhone('+44 20 7946 095x')).toBe(false);
  });
});

describe('a number beside a word', () => {
  it.each([
    ['00', 0.99],
    ['00 with spaces', 0.99],
    ['national', 0.88],
  ] as const)('%s: at least %d are found', (form, least) => {
    const write = NATIONAL[form];
    if (write === undefined) throw new Error(form);
    const found = (phone: Phone) => isPhone(`You may call ${write(phone)} before noon.`);
    expect(share(phones, found)).toBeGreaterThanOrEqual(least);
    const keyed = (phone: Phone) => rules(JSON.stringify({ tel: write(phone) })).length > 0;
    expect(share(phones, keyed)).toBeGreaterThanOrEqual(0.97);
  });
});

describe('no number', () => {
  it('is seen in 99 of 100 that libphonenumber calls impossible', () => {
    const draw = drawOf(SEED);
    const all = Array.from({ length: 4000 }, () => impossiblePhone(draw));
    expect(share(all, (text) => isPhone(note(text)))).toBeLessThanOrEqual(0.01);
  });

  // What a plus sign stands before may be a number as well as a figure: no more than these shares.
  it.each(
    Object.entries(FIGURES).map(([kind, figure]) => {
      const most: Record<string, number> = {
        'signed integer': 0.19,
        'signed decimal': 0.1,
        'sum of two': 0.05,
        'thousands apart': 0.065,
      };
      return [kind, most[kind] ?? 0, figure] as const;
    }),
  )('is seen in %s, but in a share of %d', (_, most, figure) => {
    const draw = drawOf(SEED);
    const all = Array.from({ length: 4000 }, () => figure(draw));
    expect(share(all, (text) => isPhone(note(text)))).toBeLessThanOrEqual(most);
  });
});
