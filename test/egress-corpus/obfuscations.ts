/** Ways to disguise a value without a codec: look-alikes, marks, words, pieces. */
import type { Draw } from './draw.ts';

const each = (value: string, change: (char: string) => string) =>
  Array.from(value, change).join('');
const shift = (low: number, high: number, to: number) => (char: string) => {
  const n = char.charCodeAt(0);
  return n >= low && n <= high ? String.fromCodePoint(to + n - low) : char;
};
const digit = (zero: number) => shift(48, 57, zero);
const PLAIN = 'aeopcyxABEKMHOPCT';
const ALIKE = 'аеорсухАВЕКМНОРСТ';
const CYRILLIC = new Map(Array.from(PLAIN, (char, i) => [char, ALIKE[i] ?? char] as const));
const rotate = (low: number, count: number, by: number) => (char: string) => {
  const n = char.charCodeAt(0) - low;
  return n >= 0 && n < count ? String.fromCharCode(low + ((n + by) % count)) : char;
};
const WORDS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const chunks = (value: string, size: number) =>
  value.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];

/** Applies to a bare value; gives a whole document. */
export const DISGUISES: Readonly<
  Record<string, (value: string, label: string, d: Draw) => string>
> = {
  fullwidth: (v, l) => JSON.stringify({ [l]: each(v, shift(33, 126, 0xff01)) }),
  'zero-width': (v, l) => JSON.stringify({ [l]: [...v].join('\u200b') }),
  'word-joiner': (v, l) => JSON.stringify({ [l]: [...v].join('\u2060') }),
  'soft-hyphen': (v, l) => JSON.stringify({ [l]: [...v].join('\u00ad') }),
  combining: (v, l) => JSON.stringify({ [l]: [...v].map((c) => `${c}\u0336`).join('') }),
  bidi: (v, l) => JSON.stringify({ [l]: `\u202e${[...v].reverse().join('')}\u202c` }),
  'tag-characters': (v, l) => JSON.stringify({ [l]: each(v, shift(32, 126, 0xe0020)) }),
  'arabic-digits': (v, l) => JSON.stringify({ [l]: each(v, digit(0x660)) }),
  'devanagari-digits': (v, l) => JSON.stringify({ [l]: each(v, digit(0x966)) }),
  'math-bold': (v, l) =>
    JSON.stringify({ [l]: each(each(v, digit(0x1d7ce)), (c) => shift(97, 122, 0x1d41a)(c)) }),
  confusables: (v, l) => JSON.stringify({ [l]: each(v, (c) => CYRILLIC.get(c) ?? c) }),
  reversed: (v, l) => JSON.stringify({ [l]: [...v].reverse().join('') }),
  rot13: (v, l) => JSON.stringify({ [l]: each(each(v, rotate(97, 26, 13)), rotate(65, 26, 13)) }),
  rot47: (v, l) => JSON.stringify({ [l]: each(v, rotate(33, 94, 47)) }),
  'one-by-one': (v, l, d) => JSON.stringify({ [l]: [...v].join(d.pick(['-', '_', '|', ' '])) }),
  'split-array': (v, l) => JSON.stringify({ [l]: chunks(v, 3) }),
  'split-keys': (v, l) =>
    JSON.stringify(Object.fromEntries(chunks(v, 4).map((part, i) => [`${l}_${i}`, part]))),
  'split-rows': (v, l) => JSON.stringify(chunks(v, 4).map((part, i) => ({ i, [l]: part }))),
  'codes-plus': (v, l, d) => {
    const k = 1 + d.int(40);
    return JSON.stringify({ [l]: Array.from(v, (c) => c.charCodeAt(0) + k) });
  },
  'codes-times': (v, l, d) => {
    const k = 2 + d.int(5);
    return JSON.stringify({ [l]: Array.from(v, (c) => c.charCodeAt(0) * k) });
  },
};

/** For what is digits: words in their place. */
export const spelledDigits = (value: string, label: string) =>
  `The ${label} is ${value
    .replace(/\D/g, '')
    .replace(/\d/g, (c) => `${WORDS[Number(c)]} `)
    .trim()}.`;

/** For addresses of mail: words in place of the signs. */
export const spelledSigns = (value: string, label: string, d: Draw) => {
  const [at, dot] = d.pick([
    [' at ', ' dot '],
    ['[at]', '[dot]'],
    ['(at)', '(dot)'],
    [' AT ', ' DOT '],
    ['_at_', '_dot_'],
  ]);
  return JSON.stringify({ [label]: value.replaceAll('.', dot ?? '').replace('@', at ?? '') });
};
