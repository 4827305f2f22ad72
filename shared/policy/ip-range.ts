/** Ranges of IP addresses in CIDR notation (RFC 4632; RFC 4291, section 2.3). */

/** 4 or 16 bytes of an address in text, or undefined. */
export function ipBytes(text: string): Uint8Array | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const parts = text.split('.').map(Number);
    // A leading zero is octal to some readers.
    if (parts.some((part) => part > 255) || /(^|\.)0\d/.test(text)) return undefined;
    return Uint8Array.from(parts);
  }
  if (!/^[0-9a-f:]+$/i.test(text)) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const groups = (half: string | undefined) =>
    half === undefined || half === '' ? [] : half.split(':');
  const [left, right] = [groups(halves[0]), groups(halves[1])];
  const zeros = 8 - left.length - right.length;
  if (halves.length === 1 ? zeros !== 0 : zeros < 1) return undefined;
  const all = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  if (all.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return Uint8Array.from(
    all.flatMap((group) => {
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 0xff];
    }),
  );
}

export interface IpRange {
  readonly address: Uint8Array;
  readonly bits: number;
}

/** `10.0.0.0/8` or `2001:db8::/32`; undefined if malformed or if host bits are set. */
export function parseIpRange(text: string): IpRange | undefined {
  const [, host = '', prefix = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const address = ipBytes(host);
  const bits = Number(prefix);
  if (address === undefined || prefix === '' || bits > 8 * address.length) return undefined;
  const range = { address, bits };
  const hostBits = address.some((byte, i) => (byte & ~maskByte(bits, i)) !== 0);
  return hostBits ? undefined : range;
}

/** The i-th byte of a mask of `bits` ones. */
function maskByte(bits: number, i: number): number {
  const ones = Math.min(8, Math.max(0, bits - 8 * i));
  return (0xff << (8 - ones)) & 0xff;
}

export function inIpRange({ address, bits }: IpRange, candidate: Uint8Array): boolean {
  return (
    candidate.length === address.length &&
    address.every((byte, i) => ((byte ^ (candidate[i] ?? 0)) & maskByte(bits, i)) === 0)
  );
}
