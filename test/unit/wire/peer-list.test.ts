import { describe, expect, it } from 'vitest';
import { encodeCbor } from '../../../shared/wire/cbor.ts';
import { decodePeerList, encodePeerList } from '../../../shared/wire/peer-list.ts';
import { codeOf } from '../../support/code-of.ts';

const peer = (i: number, addresses = ['/ip4/10.0.0.1/tcp/4720']) => ({ id: `peer${i}`, addresses });

describe('a list of peers', () => {
  it('comes back as it was', () => {
    for (const peers of [[], [peer(1)], [peer(1), peer(2, ['/ip4/1.2.3.4/tcp/1', '/x'])]]) {
      expect(decodePeerList(encodePeerList(peers))).toEqual(peers);
    }
  });

  it('is cut to its limits when it is written', () => {
    const many = Array.from({ length: 40 }, (_, i) => peer(i, Array(9).fill('/ip4/1.2.3.4/tcp/1')));
    const read = decodePeerList(encodePeerList(many));
    expect(read.length).toBe(16);
    expect(read[0]?.addresses.length).toBe(4);
  });

  it('is refused beyond its limits, or if it is another thing', () => {
    const list = (peers: Parameters<typeof encodeCbor>[0]) =>
      encodeCbor(new Map([['peers', peers]]));
    const one = (id: string, addresses: readonly (string | number)[]) =>
      list([
        new Map<string, Parameters<typeof encodeCbor>[0]>([
          ['peerId', id],
          ['addresses', [...addresses]],
        ]),
      ]);
    for (const bytes of [
      new Uint8Array(0),
      new Uint8Array(20_000),
      encodeCbor(7),
      encodeCbor(new Map()),
      list(Array(17).fill(0)),
      list([7]),
      one('x', Array(5).fill('/a')),
      one('x', [7]),
      one('x', ['/'.padEnd(129, 'a')]),
      one('x'.repeat(129), []),
    ]) {
      expect(codeOf(() => decodePeerList(bytes))).toBe('FRAME_MALFORMED');
    }
  });
});
