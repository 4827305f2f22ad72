import { expect, it } from 'vitest';
import { loadSecretDetector } from '../../../enclave/guardian/secrets.ts';
import { drawOf } from '../../egress-corpus/draw.ts';
import { ASSIGNED, TOKENS } from '../../egress-corpus/values-records.ts';

/** What the filter finds by decoding, or by the key of a field, is not looked for in a module. */
const DECODED: readonly string[] = ['btc-address', 'wif', 'jwk-libp2p', 'pkcs8-der'];
const KEYED: readonly string[] = [
  'password',
  'password-env',
  'password-yaml',
  'api-key',
  'client-secret',
  'datadog',
];
const detector = loadSecretDetector();

/** As a compiler lays a text out: between other bytes, ended by a zero. */
const laid = (text: string) =>
  Buffer.concat([Buffer.of(1, 0xff, 0, 0x80), Buffer.from(text), Buffer.of(0, 0xfe, 2)]);

it.each(Object.keys(TOKENS).filter((name) => !DECODED.includes(name)))(
  'finds a credential in data: %s',
  (name) => {
    const draw = drawOf(name.length);
    for (let round = 0; round < 50; round++) {
      const text = TOKENS[name]?.(draw) ?? '';
      expect(detector.holdsSecret(laid(text)), text).toBe(true);
      const bytes = Buffer.from(text);
      expect(detector.holdsSecret(laid(bytes.subarray(0, 6).toString()))).toBe(false);
    }
  },
);

it.each(Object.keys(ASSIGNED).filter((name) => !KEYED.includes(name)))(
  'finds a credential by what it is assigned to: %s',
  (name) => {
    const draw = drawOf(name.length);
    const text = ASSIGNED[name]?.(draw) ?? '';
    expect(detector.holdsSecret(laid(text)), text).toBe(true);
  },
);

it('takes none of 2 MB of noise for one', () => {
  const draw = drawOf(7);
  expect(
    detector.holdsSecret(Buffer.concat(Array.from({ length: 32 }, () => draw.bytes(65_536)))),
  ).toBe(false);
});
