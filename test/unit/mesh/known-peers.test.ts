/** What a node keeps of what others say, and whom it hands on. */
import { describe, expect, it } from 'vitest';
import { KnownPeers, type KnownPeersLimits } from '../../../enclave/mesh/known-peers.ts';
import { addressGroup } from '../../../shared/wire/address-group.ts';
import { ManualClock, seededRandom } from '../../support/clock.ts';

/** It may dial 10.0.0.0/8 and 2001:db8::/32. */
const mayDial = (address: string) => /^\/ip4\/10\.|^\/ip6\/2001:db8:/.test(address);

function start(limits: Partial<KnownPeersLimits> = {}) {
  const clock = new ManualClock();
  const known = new KnownPeers({ clock, random: seededRandom(3), mayDial }, 'self', limits);
  const say = (id: string, address: string, teller = 'teller') =>
    known.claim({ id, addresses: [address] }, teller);
  const all = () => {
    const ids: string[] = [];
    for (let one = known.next(); one !== undefined; one = known.next()) ids.push(one.id);
    return ids;
  };
  return { clock, known, say, all };
}

describe('claims of peers', () => {
  it('are kept if they may be dialled, each once, and never of the node itself', () => {
    const { say, all, known } = start();
    say('a', '/ip4/10.0.0.1/tcp/1');
    say('a', '/ip4/10.0.0.2/tcp/1');
    say('self', '/ip4/10.0.0.3/tcp/1');
    say('outside', '/ip4/192.168.0.1/tcp/1');
    say('malformed', 'nonsense');
    known.claim({ id: 'both', addresses: ['/ip4/8.8.8.8/tcp/1', '/ip4/10.9.0.1/tcp/1'] }, 't');
    known.claim({ id: 'none', addresses: [] }, 't');
    expect(all().toSorted()).toEqual(['a', 'both']);
  });

  it('are not handed on', () => {
    const { say, known } = start();
    say('a', '/ip4/10.0.0.1/tcp/1');
    expect(known.list('asker')).toEqual([]);
  });

  it('of one network, by one teller and in all are bounded', () => {
    const crowd = start({ claimsPerGroup: 3 });
    for (let i = 0; i < 100; i++) crowd.say(`p${i}`, `/ip4/10.0.${i}.1/tcp/1`, `t${i}`);
    expect(crowd.all().length).toBe(3);
    const liar = start({ claimsPerTeller: 5 });
    for (let i = 0; i < 100; i++) liar.say(`p${i}`, `/ip4/10.${i}.0.1/tcp/1`, 'one');
    liar.say('other', '/ip4/10.200.0.1/tcp/1', 'another');
    expect(liar.all().length).toBe(6);
    const flood = start();
    for (let i = 0; i < 2_000; i++) flood.say(`p${i}`, `/ip4/10.${i % 250}.0.1/tcp/1`, `t${i}`);
    expect(flood.all().length).toBe(256);
  });

  it('of networks that are least reached are tried first', () => {
    const { say, known } = start();
    known.noteReached('r', '/ip4/10.1.0.1/tcp/1');
    for (let i = 0; i < 10; i++) say(`near${i}`, `/ip4/10.1.0.${i + 2}/tcp/1`, `t${i}`);
    say('far', '/ip6/2001:db8::1/tcp/1');
    expect(known.next()?.id).toBe('far');
  });

  it('rest after they failed, and may come again later', () => {
    const { say, all, known, clock } = start();
    known.noteFailed('a');
    say('a', '/ip4/10.0.0.1/tcp/1');
    expect(all()).toEqual([]);
    clock.advance(11 * 60_000);
    say('a', '/ip4/10.0.0.1/tcp/1');
    expect(all()).toEqual(['a']);
  });
});

describe('reached peers', () => {
  it('are handed on to everybody but themselves', () => {
    const { known } = start();
    known.noteReached('a', '/ip4/10.0.0.1/tcp/1');
    known.noteReached('outside', '/ip4/8.8.8.8/tcp/1');
    expect(known.list('b')).toEqual([{ id: 'a', addresses: ['/ip4/10.0.0.1/tcp/1'] }]);
    expect(known.list('a')).toEqual([]);
  });

  it('of one range stay a share of the table and of an answer: nobody eclipses the rest', () => {
    const { known, say, all } = start();
    for (let i = 0; i < 5; i++) known.noteReached(`honest${i}`, `/ip4/10.${i}.0.1/tcp/1`);
    // An attacker with all of one /16 answers each dial.
    for (let i = 0; i < 500; i++) known.noteReached(`liar${i}`, `/ip4/10.66.${i & 255}.1/tcp/1`);
    expect(known.size).toBe(13);
    say('more', '/ip4/10.66.7.7/tcp/1');
    expect(all()).toEqual([]);
    for (let i = 0; i < 20; i++) {
      const listed = known.list('asker');
      const groups = listed.map(({ addresses: [address = ''] }) => addressGroup(address));
      expect(groups.filter((group) => group === '4:10.66').length).toBe(4);
      expect(listed.filter(({ id }) => id.startsWith('honest')).length).toBe(5);
    }
  });

  it('are kept before newcomers when the table is full', () => {
    const { known } = start();
    for (let i = 0; i < 200; i++) known.noteReached(`p${i}`, `/ip4/10.${i}.0.1/tcp/1`);
    expect(known.size).toBe(64);
    expect(known.list('asker').length).toBe(16);
    expect(known.due(0).map(({ id }) => id)).toEqual(Array.from({ length: 64 }, (_, i) => `p${i}`));
  });

  it('are forgotten when they fail or are not reached again', () => {
    const { known, clock } = start();
    known.noteReached('a', '/ip4/10.0.0.1/tcp/1');
    known.noteReached('b', '/ip4/10.1.0.1/tcp/1');
    clock.advance(30 * 60_000);
    known.noteReached('b', '/ip4/10.1.0.1/tcp/1');
    expect(known.due(20 * 60_000).map(({ id }) => id)).toEqual(['a']);
    clock.advance(31 * 60_000);
    expect(known.list('asker').map(({ id }) => id)).toEqual(['b']);
    known.noteFailed('b');
    expect(known.list('asker')).toEqual([]);
  });
});
