import { describe, expect, it } from 'vitest';
import { inIpRange, ipBytes, parseIpRange } from '../../../shared/policy/ip-range.ts';

describe('an address in text', () => {
  it.each([
    ['10.0.0.255', '0a0000ff'],
    ['::', '00'.repeat(16)],
    ['2001:DB8::1', `20010db8${'00'.repeat(11)}01`],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
  ])('%s is read', (text, bytes) => {
    expect(Buffer.from(ipBytes(text) ?? []).toString('hex')).toBe(bytes);
  });

  it.each([
    ...['', '10.0.0', '10.0.0.256', '10.0.0.01', '010.0.0.1', '1.2.3.4.5', 'host', '10.0.0.x'],
    ...[':', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7::8', '12345::', ':::'],
    ...['1:', '::ffff:10.0.0.1', 'fe80::1%eth0'],
  ])('%j is none', (text) => {
    expect(ipBytes(text)).toBeUndefined();
  });
});

describe('a range', () => {
  it.each(['', '10.0.0.0', '10.0.0.0/33', '10.0.0.1/8', '10.0.0.0/', '::/129', '::1/127', 'a/8'])(
    '%j is none',
    (text) => {
      expect(parseIpRange(text)).toBeUndefined();
    },
  );

  it.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['192.168.4.0/23', '192.168.5.9', true],
    ['192.168.4.0/23', '192.168.6.0', false],
    ['0.0.0.0/0', '8.8.8.8', true],
    ['0.0.0.0/0', '::', false],
    ['2001:db8::/32', '2001:db8:ffff::', true],
    ['2001:db8::/33', '2001:db8:8000::', false],
    ['::1/128', '::1', true],
  ])('%s and %s: %s', (range, address, inside) => {
    const parsed = parseIpRange(range);
    const bytes = ipBytes(address);
    if (parsed === undefined || bytes === undefined) throw new Error('not read');
    expect(inIpRange(parsed, bytes)).toBe(inside);
  });
});
