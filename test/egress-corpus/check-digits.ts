/** Completes bodies of identifiers with the check characters that their publishers define. */

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

function weighted(body: string, weights: readonly number[]): number {
  return [...body].reduce((sum, char, i) => sum + Number(char) * (weights[i] ?? 0), 0);
}

/** ISO/IEC 7812-1: the digit that makes the whole sum end in 0. */
export function luhnDigit(body: string): string {
  let sum = 0;
  for (let i = 0; i < body.length; i++) {
    const digit = Number(body[body.length - 1 - i]);
    const doubled = i % 2 === 0 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return String((10 - (sum % 10)) % 10);
}

/** ISO 13616: country, two check digits, basic account number. */
export function iban(country: string, bban: string): string {
  const number = [...`${bban}${country}00`].map((c) => Number.parseInt(c, 36)).join('');
  return `${country}${String(98n - (BigInt(number) % 97n)).padStart(2, '0')}${bban}`;
}

/** CMS: Luhn over 80840 and the nine digits. */
export const npi = (nine: string) => nine + luhnDigit(`80840${nine}`);

/** DEA form 224: d1+d3+d5 + 2(d2+d4+d6), last digit. */
export const dea = (letters: string, six: string) =>
  letters + six + String(weighted(six, [1, 2, 1, 2, 1, 2]) % 10);

/** NHS Data Dictionary: modulus 11; undefined if no digit fits. */
export function nhs(nine: string): string | undefined {
  const check = (11 - (weighted(nine, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return check === 10 ? undefined : nine + String(check);
}

/** INSEE: key 97 − n mod 97. */
export const nir = (thirteen: string) =>
  thirteen + String(97n - (BigInt(thirteen) % 97n)).padStart(2, '0');

/** Spain, Ministerio del Interior: letter by n mod 23. */
export function nif(digits: string, prefix = ''): string {
  const lead = prefix === '' ? '' : String('XYZ'.indexOf(prefix));
  return prefix + digits + 'TRWAGMYFPDXBNJZSQVHLCKE'[Number(lead + digits) % 23];
}

/** Agenzia delle Entrate, DM 23/12/1976. */
export function codiceFiscale(fifteen: string): string {
  const odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
  const oddLetters = [...odd, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
  let sum = 0;
  [...fifteen].forEach((char, i) => {
    const value = /\d/.test(char) ? Number(char) : LETTERS.indexOf(char);
    sum += i % 2 === 0 ? (oddLetters[value] ?? 0) : value;
  });
  return fifteen + LETTERS[sum % 26];
}

export const pesel = (ten: string) =>
  ten + String((10 - (weighted(ten, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10);

/** Receita Federal: two digits, modulus 11. */
export function cpf(nine: string): string {
  const digit = (body: string) => {
    const weights = Array.from(body, (_, i) => body.length + 1 - i);
    const rest = weighted(body, weights) % 11;
    return body + String(rest < 2 ? 0 : 11 - rest);
  };
  return digit(digit(nine));
}

/** Verhoeff 1969, by the dihedral group instead of its table. */
export function aadhaar(eleven: string): string {
  const multiply = (a: number, b: number) => {
    const [x, y] = [a % 5, b % 5];
    if (a < 5) return b < 5 ? (x + y) % 5 : 5 + ((x + y) % 5);
    return b < 5 ? 5 + ((x - y + 5) % 5) : (x - y + 5) % 5;
  };
  const step = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
  const permute = (digit: number, times: number) => {
    let out = digit;
    for (let i = 0; i < times % 8; i++) out = step[out] ?? 0;
    return out;
  };
  for (let check = 0; check < 10; check++) {
    const sum = [...`${eleven}${check}`]
      .reverse()
      .reduce((c, char, i) => multiply(c, permute(Number(char), i)), 0);
    if (sum === 0) return `${eleven}${check}`;
  }
  throw new RangeError('Verhoeff always has a digit');
}

/** Singapore ICA. */
export function nric(prefix: 'S' | 'T' | 'F' | 'G', seven: string): string {
  const offset = prefix === 'T' || prefix === 'G' ? 4 : 0;
  const table = prefix === 'S' || prefix === 'T' ? 'JZIHGFEDCBA' : 'XWUTRQPNMLK';
  return prefix + seven + table[(weighted(seven, [2, 7, 6, 5, 4, 3, 2]) + offset) % 11];
}

/** Australian Taxation Office: undefined if no digit fits. */
export function tfn(eight: string): string | undefined {
  const rest = weighted(eight, [1, 4, 3, 7, 5, 8, 6, 9]) % 11;
  const last = [...'0123456789'].find((d) => (rest + Number(d) * 10) % 11 === 0);
  return last === undefined ? undefined : eight + last;
}

export const medicare = (eight: string, issue: string) =>
  `${eight}${weighted(eight, [1, 3, 7, 9, 1, 3, 7, 9]) % 10}${issue}`;

/** ABA: 3-7-1. */
export const aba = (eight: string) =>
  eight + String((10 - (weighted(eight, [3, 7, 1, 3, 7, 1, 3, 7]) % 10)) % 10);

/** 49 CFR 565.15: check character at the ninth place. */
export function vin(seventeen: string): string {
  const values = { A: 1, B: 2, C: 3, D: 4, E: 5, F: 6, G: 7, H: 8, J: 1, K: 2, L: 3, M: 4, N: 5 };
  const rest = { P: 7, R: 9, S: 2, T: 3, U: 4, V: 5, W: 6, X: 7, Y: 8, Z: 9 };
  const table = new Map(Object.entries({ ...values, ...rest }));
  const value = (char: string) => table.get(char) ?? Number(char);
  const weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
  const sum = [...seventeen].reduce((s, c, i) => s + value(c) * (weights[i] ?? 0), 0) % 11;
  return seventeen.slice(0, 8) + (sum === 10 ? 'X' : String(sum)) + seventeen.slice(9);
}
