/** Small readers of what anybody may send: Peer IDs, addresses of QUIC, neighbourhoods. */
import { multiaddr } from '@multiformats/multiaddr';
import { describe, expect, it } from 'vitest';
import { addressGroup } from '../../../shared/wire/address-group.ts';
import { publicKeyFromMultihash } from '../../../shared/wire/peer-key.ts';
import { isQuicAddress } from '../../../shared/wire/quic-address.ts';

const PEER = '12D3KooWBhSXFtYsCbeosXvw7skC3Sg3vC8WNtjE5kBfSfmKUfLk';

describe('the key in a Peer ID', () => {
  const key = Uint8Array.from({ length: 32 }, (_, i) => i);
  const id = Uint8Array.of(0, 0x24, 8, 1, 0x12, 0x20, ...key);

  it('is the last 32 bytes of an Ed25519 one', () => {
    expect(publicKeyFromMultihash(id)).toEqual(key);
  });

  it('is in no other', () => {
    for (let at = 0; at < 6; at++) {
      expect(publicKeyFromMultihash(id.with(at, (id[at] ?? 0) ^ 1))).toBeUndefined();
    }
    expect(publicKeyFromMultihash(id.subarray(1))).toBeUndefined();
    expect(publicKeyFromMultihash(Uint8Array.of(...id, 0))).toBeUndefined();
    expect(publicKeyFromMultihash(new Uint8Array(0))).toBeUndefined();
  });
});

describe('an address of QUIC', () => {
  it.each([
    ['/ip4/127.0.0.1/udp/4001/quic-v1', true],
    ['/ip6/::1/udp/4001/quic-v1', true],
    [`/ip4/127.0.0.1/udp/4001/quic-v1/p2p/${PEER}`, true],
    ['/ip4/127.0.0.1/udp/4001/quic', false],
    ['/ip4/127.0.0.1/udp/4001', false],
    ['/ip4/127.0.0.1/tcp/4001', false],
    ['/dns4/a.example/udp/4001/quic-v1', false],
    ['/ip4/127.0.0.1/udp/4001/quic-v1/webtransport', false],
    [`/ip4/127.0.0.1/udp/4001/quic-v1/p2p/${PEER}/p2p-circuit`, false],
  ])('%s: %s', (text, is) => {
    expect(isQuicAddress(multiaddr(text))).toBe(is);
  });
});

describe('the neighbourhood of an address', () => {
  it.each([
    ['/ip4/10.1.2.3/tcp/1', '4:10.1'],
    ['/ip6/2001:db8::1/tcp/1', '6:2001:db8'],
    ['/ip6/::1/tcp/1', '6:0:0'],
    ['/ip6/1:2:3:4:5:6:7:8/udp/1/quic-v1', '6:1:2'],
    ['/ip6/2001:db8::/tcp/1', '6:2001:db8'],
    ['/ip6/2001::/tcp/1', '6:2001:0'],
    ['/ip6/::2:3:4:5:6:7:8/tcp/1', '6:0:2'],
    ['/ip6/1:0203:4:5:6:7:8:9/tcp/1', '6:1:203'],
    ['/p2p-circuit/ip4/10.1.2.3/tcp/1', '4:10.1'],
    ['/dns4/Node.Example/tcp/1', 'name:node.example'],
    ['/unix/%2Ftmp%2Fa', undefined],
    ['no address', undefined],
    ['', undefined],
  ])('%j is %j', (text, group) => {
    expect(addressGroup(text)).toBe(group);
  });
});
