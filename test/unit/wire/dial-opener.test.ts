import { describe, expect, it } from 'vitest';
import { inIpRange, ipBytes, parseIpRange } from '../../../shared/policy/ip-range.ts';
import {
  DIAL_OPENER_BYTES_MAX,
  decodeDialOpener,
  encodeDialOpener,
} from '../../../shared/wire/dial-opener.ts';
import { codeOf } from '../../support/code-of.ts';

describe('the dial opener', () => {
  it.each(['192.0.2.1', '2001:db8::1'])('comes back as it went, byte by byte, %s', (text) => {
    const target = { address: ipBytes(text) ?? new Uint8Array(0), port: 4720 };
    const bytes = encodeDialOpener(target);
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeDialOpener(bytes.subarray(0, length))).toBeUndefined();
    }
    expect(decodeDialOpener(bytes)).toEqual({ target, length: bytes.length });
  });

  it.each([
    'kms.eu-central-1.amazonaws.com',
    'a',
    'x1',
    `${'a'.repeat(63)}.b`,
    `${'a.'.repeat(126)}a`,
  ])('comes back with the name %s, byte by byte', (name) => {
    const target = { name, port: 443 };
    const bytes = encodeDialOpener(target);
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeDialOpener(bytes.subarray(0, length))).toBeUndefined();
    }
    expect(decodeDialOpener(bytes)).toEqual({ target, length: bytes.length });
    expect(bytes.length).toBeLessThanOrEqual(DIAL_OPENER_BYTES_MAX);
  });

  it.each([
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    '-a',
    'a-',
    'A.b',
    'a_b',
    'a b',
    '10.0.0.1',
    '0x7f.1',
    '0x7f000001',
    'a.0x1f',
    '1',
    'é.test',
    'a\u0000.b',
    `${'a'.repeat(64)}.b`,
    `${'a.'.repeat(126)}ab`,
  ])('is neither made nor read for what is no host name: %j', (name) => {
    expect(codeOf(() => encodeDialOpener({ name, port: 443 }))).toBe('FRAME_MALFORMED');
    const body = Buffer.from(name, 'latin1');
    const bytes = Buffer.concat([Buffer.of(1, 0, body.length), body, Buffer.of(1, 187)]);
    expect(codeOf(() => decodeDialOpener(bytes))).toBe('FRAME_MALFORMED');
  });

  it.each([
    ['another version', [2, 4, 1, 2, 3, 4, 1, 1]],
    ['another family', [1, 5, 1, 2, 3, 4, 1, 1]],
    ['port 0', [1, 4, 1, 2, 3, 4, 0, 0]],
    ['port 0 of a name', [1, 0, 1, 97, 0, 0]],
    ['a name too long', [1, 0, 254]],
  ])('is refused with %s', (_name, bytes) => {
    expect(codeOf(() => decodeDialOpener(Uint8Array.from(bytes)))).toBe('FRAME_MALFORMED');
  });

  it('is not made for what is no address', () => {
    for (const [length, port] of [
      [5, 1],
      [4, 0],
      [4, 65_536],
    ] as const) {
      const address = new Uint8Array(length);
      expect(codeOf(() => encodeDialOpener({ address, port }))).toBe('FRAME_MALFORMED');
    }
  });
});

describe('ranges of addresses', () => {
  it.each([
    ['10.0.0.0/8', '10.255.1.2', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['192.0.2.128/25', '192.0.2.129', true],
    ['192.0.2.128/25', '192.0.2.127', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['2001:db8::/33', '2001:db8:7fff::', true],
    ['2001:db8::/33', '2001:db8:8000::', false],
    ['::1/128', '::1', true],
  ])('%s and %s: %s', (range, address, inside) => {
    const [parsed, bytes] = [parseIpRange(range), ipBytes(address)];
    if (parsed === undefined || bytes === undefined) throw new Error('not parsed');
    expect(inIpRange(parsed, bytes)).toBe(inside);
  });

  it.each([
    '10.0.0.0',
    '10.0.0.1/8',
    '10.0.0.0/33',
    '010.0.0.0/8',
    '10.0.0/8',
    '256.0.0.0/8',
    '::/129',
    '1:2:3:4:5:6:7/16',
    '1::2::3/16',
    '2001:db8::1/32',
    'host/8',
    '',
  ])('refuses %s', (text) => {
    expect(parseIpRange(text)).toBeUndefined();
  });
});
