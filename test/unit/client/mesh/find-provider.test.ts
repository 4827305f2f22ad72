import { describe, expect, it } from 'vitest';
import { DEFAULT_FIND_LIMITS, findProvider } from '../../../../client/mesh/find-provider.ts';
import {
  DEFAULT_MEMORY_LIMITS,
  type Provider,
  ProviderMemory,
} from '../../../../client/mesh/provider-memory.ts';
import { addressGroup } from '../../../../shared/wire/address-group.ts';
import { ManualClock } from '../../../support/clock.ts';
import { codeOfAsync } from '../../../support/code-of.ts';

const KEY = 'key';
const never = new AbortController().signal;
const at = (id: string, ip = '10.1.0.1'): Provider => ({ id, addresses: [`/ip4/${ip}/tcp/1`] });

function world(claims: readonly Provider[], honest: (id: string) => boolean) {
  const clock = new ManualClock();
  const memory = new ProviderMemory({ clock });
  const proved: string[] = [];
  const state = { lookups: 0, running: 0, most: 0 };
  const find = (signal = never, limits = DEFAULT_FIND_LIMITS) =>
    findProvider(
      {
        clock,
        memory,
        async *lookUp() {
          state.lookups++;
          yield* claims;
        },
        async prove({ id }) {
          proved.push(id);
          state.most = Math.max(state.most, ++state.running);
          await new Promise((resolve) => setTimeout(resolve, 1));
          state.running--;
          if (!honest(id)) throw new Error('not what it claims');
        },
      },
      KEY,
      signal,
      limits,
    );
  return { clock, memory, proved, state, find };
}

describe('finding a provider', () => {
  it('takes the first that proves itself, several at a time, liars notwithstanding', async () => {
    const liars = Array.from({ length: 30 }, (_, i) => at(`liar ${i}`, `10.${i}.0.1`));
    const { find, state } = world([...liars, at('honest', '10.99.0.1')], (id) => id === 'honest');
    expect((await find()).id).toBe('honest');
    expect(state.most).toBe(DEFAULT_FIND_LIMITS.parallel);
  });

  it('gives one network no more than its share of the attempts', async () => {
    const flood = Array.from({ length: 200 }, (_, i) => at(`liar ${i}`, `10.1.${i}.1`));
    const { find, proved } = world([...flood, at('honest', '192.0.2.1')], (id) => id === 'honest');
    expect((await find()).id).toBe('honest');
    expect(proved.length).toBeLessThanOrEqual(DEFAULT_FIND_LIMITS.claimsPerGroup + 1);
  });

  it('lets a network that holds all claims waste no more than its share', async () => {
    const flood = Array.from({ length: 200 }, (_, i) => at(`liar ${i}`, `10.1.${i}.1`));
    const { find, proved } = world(flood, () => false);
    await expect(find()).rejects.toThrow();
    expect(proved).toHaveLength(DEFAULT_FIND_LIMITS.claimsPerGroup);
    const wide = Array.from({ length: 8 }, (_, i) => at(`liar ${i}`, `10.${i}.0.1`));
    const spread = world(wide, () => false);
    await expect(spread.find()).rejects.toThrow();
    expect(spread.proved).toHaveLength(8);
  });

  it('looks at a bounded number of claims, and at each peer once', async () => {
    let given = 0;
    const clock = new ManualClock();
    const proved: string[] = [];
    const finding = findProvider(
      {
        clock,
        memory: new ProviderMemory({ clock }),
        async *lookUp() {
          for (;;) yield at(`liar ${given++ % 3}`);
        },
        async prove({ id }) {
          proved.push(id);
          throw new Error('no');
        },
      },
      KEY,
      never,
    );
    expect(await codeOfAsync(finding)).toBe('UNREACHABLE');
    expect(given).toBeLessThanOrEqual(DEFAULT_FIND_LIMITS.claims + 1);
    expect(proved.toSorted()).toEqual(['liar 0', 'liar 1', 'liar 2']);
  });

  it('does not look up again what was found, nor, for a while, what was not', async () => {
    const good = world([at('honest')], () => true);
    await good.find();
    await good.find();
    expect(good.state.lookups).toBe(1);
    good.clock.advance(DEFAULT_MEMORY_LIMITS.positiveMs);
    await good.find();
    expect(good.state.lookups).toBe(2);
    const bad = world([], () => true);
    expect(await codeOfAsync(bad.find())).toBe('UNREACHABLE');
    expect(await codeOfAsync(bad.find())).toBe('UNREACHABLE');
    expect(bad.state.lookups).toBe(DEFAULT_FIND_LIMITS.lookUps);
    bad.clock.advance(DEFAULT_MEMORY_LIMITS.negativeMs);
    expect(await codeOfAsync(bad.find())).toBe('UNREACHABLE');
    expect(bad.state.lookups).toBe(2 * DEFAULT_FIND_LIMITS.lookUps);
  });

  it('looks again when all of a lookup failed, and asks none of them again', async () => {
    const clock = new ManualClock();
    const rounds = [[at('liar', '10.1.0.1')], [at('liar', '10.1.0.1'), at('honest', '10.2.0.1')]];
    const proved: string[] = [];
    const { id } = await findProvider(
      {
        clock,
        memory: new ProviderMemory({ clock }),
        async *lookUp() {
          yield* rounds.shift() ?? [];
        },
        async prove(provider) {
          // The first lookup is over before its only claim has failed.
          await new Promise((resolve) => setTimeout(resolve, 5));
          proved.push(provider.id);
          if (provider.id !== 'honest') throw new Error('not what it claims');
        },
      },
      KEY,
      never,
    );
    expect([id, proved]).toEqual(['honest', ['liar', 'honest']]);
  });

  it('does not look again while one that was found is being tried', async () => {
    const { find, state } = world([at('honest')], () => true);
    await find();
    expect(state.lookups).toBe(1);
  });

  it('asks a peer that failed only after all others, and longer each time', () => {
    const clock = new ManualClock();
    const memory = new ProviderMemory({ clock });
    memory.noteFailed(KEY, 'a');
    expect(memory.resting('a')).toBe(true);
    expect(memory.rank('a')).toBeGreaterThan(memory.rank('unknown'));
    clock.advance(DEFAULT_MEMORY_LIMITS.restMs);
    expect(memory.resting('a')).toBe(false);
    memory.noteFailed(KEY, 'a');
    clock.advance(DEFAULT_MEMORY_LIMITS.restMs);
    expect(memory.resting('a')).toBe(true);
    memory.noteProven('a', 20);
    expect(memory.resting('a')).toBe(false);
    expect(memory.rank('a')).toBeLessThan(memory.rank('unknown'));
  });

  it('leaves a provider that no longer proves itself for another', async () => {
    let gone = false;
    const { find, state } = world([at('a'), at('b')], (id) => !(gone && id === 'a'));
    expect((await find()).id).toBe('a');
    gone = true;
    expect((await find()).id).toBe('b');
    expect(state.lookups).toBe(2);
  });

  it('remembers a bounded number of peers', () => {
    const clock = new ManualClock();
    const memory = new ProviderMemory({ clock }, { ...DEFAULT_MEMORY_LIMITS, entries: 10 });
    for (let i = 0; i < 1000; i++) memory.noteFailed(KEY, `peer ${i}`);
    expect(memory.resting('peer 999')).toBe(true);
    expect(memory.resting('peer 0')).toBe(false);
  });

  it('ends with its caller and holds that against nobody', async () => {
    const clock = new ManualClock();
    const memory = new ProviderMemory({ clock });
    const caller = new AbortController();
    const finding = findProvider(
      {
        clock,
        memory,
        async *lookUp() {
          yield at('slow');
        },
        prove: (_provider, signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason));
            caller.abort();
          }),
      },
      KEY,
      caller.signal,
    );
    expect(await codeOfAsync(finding)).toBe('TIMEOUT');
    expect(memory.resting('slow')).toBe(false);
    expect(memory.missing(KEY)).toBe(false);
  });
});

describe('the network of an address', () => {
  it.each([
    ['/ip4/192.0.2.7/tcp/1', '4:192.0'],
    ['/ip6/2001:db8::1/tcp/1', '6:2001:db8'],
    ['/ip6/2001:db8:1::/tcp/1', '6:2001:db8'],
    ['/ip6/::1/tcp/1', '6:0:0'],
    ['/dns4/Node.example/tcp/1', 'name:node.example'],
    ['/p2p-circuit', undefined],
    ['nonsense', undefined],
  ])('%s is in %s', (address, group) => {
    expect(addressGroup(address)).toBe(group);
  });
});
