/** Secrets, and guesses about data, names and arithmetic. */
import { build, bytes, DROP, i32, leb, NOP, name, pure, utf8 } from '../build.ts';
import type { Case } from './case.ts';

const holding = (content: readonly number[] | Uint8Array) =>
  build({ memories: [[0, 1]], data: [{ bytes: content }] });
const text = (content: string) => holding(utf8(content));
const secret = (title: string, content: string): Case => ({
  name: title,
  wasm: text(content),
  reasons: ['SECRET'],
});
const harmless = (title: string, content: string): Case => ({
  name: title,
  wasm: text(content),
  reasons: [],
  notFlags: ['SECRET'],
});
/** Reproducible noise (xorshift32). */
const noise = (length: number) => {
  let state = 0x9e37_79b9;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  });
};
const portableExecutable = () => {
  const out = new Uint8Array(256);
  out.set(utf8('MZ'));
  out[60] = 0x80;
  out.set(utf8('PE\0\0'), 0x80);
  return out;
};
/** Letters joined here so that no scanner of this repository takes them for the real thing. */
const join = (...parts: string[]) => parts.join('');
const alphabet = 'A2B3C4D5E6F7G2H3I4J5K6L7M2N3O4P5Q6R7S2T3U4V5';

export const SECRETS: readonly Case[] = [
  secret('PEM private key', join('-----BEGIN ', 'PRIVATE KEY-----\nMIIE')),
  secret('PEM RSA private key', join('-----BEGIN RSA ', 'PRIVATE KEY-----')),
  secret('OpenSSH private key', join('-----BEGIN OPENSSH ', 'PRIVATE KEY-----')),
  secret('AWS access key id', join('key=', 'AKIA', alphabet.slice(0, 16))),
  secret('AWS temporary key id', join('ASIA', alphabet.slice(0, 16))),
  secret('GitHub token', join('ghp', '_', alphabet.slice(0, 36))),
  secret('Slack token', join('xoxb', '-123456789012-', alphabet.slice(0, 24))),
  secret('Stripe live key', join('sk', '_live_', alphabet.slice(0, 24))),
  secret('Stripe test key', join('sk', '_test_', alphabet.slice(0, 24))),
  secret('Google API key', join('AI', 'za', alphabet.slice(0, 35))),
  secret(
    'JSON Web Token',
    join(
      'eyJ',
      'hbGciOiJIUzI1NiJ9',
      '.eyJ',
      'zdWIiOiIxMjM0NTY3ODkwIn0',
      '.',
      alphabet.slice(0, 40),
    ),
  ),
  {
    name: 'secret in a custom section',
    wasm: build({ customs: [['note', utf8(join('AKIA', alphabet.slice(0, 16)))]] }),
    reasons: ['SECRET'],
  },
  {
    name: 'secret where the policy only flags',
    wasm: text(join('AKIA', alphabet.slice(0, 16))),
    policy: { secrets: 'flag' },
    reasons: [],
    flags: ['SECRET'],
  },
  harmless('public key', '-----BEGIN PUBLIC KEY-----'),
  harmless('certificate', '-----BEGIN CERTIFICATE-----'),
  harmless('AKIA inside a word', 'MAKIAVELLIANISCHESWERK12'),
  harmless('error message about keys', 'no PRIVATE KEY was given'),
];

const custom = (content: number[], more: number[] = []) =>
  pure([], { customs: [['name', content], ...(more.length > 0 ? [['name', more] as const] : [])] });
const functionNames = (...items: (readonly [number, string])[]) => {
  const map = [
    ...leb(items.length),
    ...items.flatMap(([index, title]) => [...leb(index), ...name(title)]),
  ];
  return [1, ...leb(map.length), ...map];
};
const mixing = new Array<number[]>(60).fill([...i32(7), 0x77, ...i32(9), 0x73]).flat();

export const GUESSES: readonly Case[] = [
  {
    name: 'random data',
    wasm: holding(noise(8192)),
    reasons: [],
    flags: ['ENTROPY', 'HIGH_ENTROPY_DATA'],
  },
  {
    name: 'random custom section',
    wasm: build({ customs: [['x', noise(4096)]] }),
    reasons: [],
    flags: ['ENTROPY'],
    notFlags: ['HIGH_ENTROPY_DATA'],
  },
  {
    name: 'zeros',
    wasm: holding(new Uint8Array(8192)),
    reasons: [],
    notFlags: ['ENTROPY', 'HIGH_ENTROPY_DATA'],
  },
  {
    name: 'all byte values in order, sixteen times',
    wasm: holding(Array.from({ length: 4096 }, (_, index) => (index >> 4) & 0xff)),
    reasons: [],
    notFlags: ['ENTROPY'],
  },
  {
    name: 'prose',
    wasm: text('The quick brown fox jumps over the lazy dog. '.repeat(200)),
    reasons: [],
    notFlags: ['ENTROPY'],
  },
  {
    name: 'short noise is no window',
    wasm: holding(noise(1000)),
    reasons: [],
    notFlags: ['ENTROPY'],
  },
  {
    name: 'ELF in data',
    wasm: holding([...utf8('padding'), 0x7f, ...utf8('ELF'), 2, 1, 1]),
    reasons: [],
    flags: ['EMBEDDED_EXECUTABLE'],
  },
  {
    name: 'Windows executable in data',
    wasm: holding(portableExecutable()),
    reasons: [],
    flags: ['EMBEDDED_EXECUTABLE'],
  },
  {
    name: 'WebAssembly in data',
    wasm: holding(bytes([9], Array.from(pure()))),
    reasons: [],
    flags: ['EMBEDDED_EXECUTABLE'],
  },
  {
    name: 'Mach-O in a custom section',
    wasm: build({ customs: [['x', [0xcf, 0xfa, 0xed, 0xfe]]] }),
    reasons: [],
    flags: ['EMBEDDED_EXECUTABLE'],
  },
  {
    name: 'the letters MZ',
    wasm: text(`MZ${'x'.repeat(100)} and PE`),
    reasons: [],
    notFlags: ['EMBEDDED_EXECUTABLE'],
  },
  {
    name: 'mining pool address',
    wasm: text('stratum+tcp://pool'),
    reasons: [],
    flags: ['MINING_HEURISTIC'],
  },
  {
    name: 'rounds of rotate and xor',
    wasm: pure([...i32(1), ...mixing, ...DROP]),
    reasons: [],
    flags: ['MINING_HEURISTIC'],
  },
  {
    name: 'a few shifts',
    wasm: pure([...i32(1), ...i32(3), 0x74, ...DROP]),
    reasons: [],
    notFlags: ['MINING_HEURISTIC'],
  },
  {
    name: 'honest names',
    wasm: custom(functionNames([0, 'alloc'], [1, 'run'])),
    reasons: [],
    notFlags: ['NAME_SECTION'],
  },
  {
    name: 'name of a function that is not there',
    wasm: custom(functionNames([9, 'ghost'])),
    reasons: [],
    flags: ['NAME_SECTION'],
  },
  {
    name: 'one function named twice',
    wasm: custom(functionNames([0, 'a'], [0, 'b'])),
    reasons: [],
    flags: ['NAME_SECTION'],
  },
  {
    name: 'own function named fd_write',
    wasm: custom(functionNames([1, 'fd_write'])),
    reasons: [],
    flags: ['NAME_SECTION'],
  },
  {
    name: 'name section cut short',
    wasm: custom([1, 50, 1]),
    reasons: [],
    flags: ['NAME_SECTION'],
  },
  {
    name: 'two name sections',
    wasm: custom(functionNames([0, 'a']), functionNames([0, 'b'])),
    reasons: [],
    flags: ['NAME_SECTION'],
  },
  {
    name: 'nothing to guess about',
    wasm: pure(NOP),
    reasons: [],
    notFlags: [
      'ENTROPY',
      'EMBEDDED_EXECUTABLE',
      'MINING_HEURISTIC',
      'NAME_SECTION',
      'HIGH_ENTROPY_DATA',
    ],
  },
];
