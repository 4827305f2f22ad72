/** The neighbourhood of an address, for spreading trust over networks and not over addresses. */
import { multiaddr } from '@multiformats/multiaddr';

/**
 * `4:a.b` (/16 of IPv4), `6:aaaa:bbbb` (/32 of IPv6, as providers are allotted) or `name:host`;
 * undefined for what is no address of a host. Loopback and private ranges are groups like others.
 */
export function addressGroup(address: string): string | undefined {
  try {
    for (const { name, value } of multiaddr(address).getComponents()) {
      if (value === undefined) continue;
      if (name === 'ip4') return `4:${value.split('.').slice(0, 2).join('.')}`;
      if (name === 'ip6') return `6:${expandIp6(value).slice(0, 2).join(':')}`;
      if (name.startsWith('dns')) return `name:${value.toLowerCase()}`;
    }
  } catch {
    // Not a multiaddr: addresses come from anybody.
  }
  return undefined;
}

/** The eight groups of an IPv6 address, without leading zeros. */
function expandIp6(text: string): string[] {
  const [head = '', tail] = text.toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return groups.map((group) => group.replace(/^0+(?=.)/, ''));
}
