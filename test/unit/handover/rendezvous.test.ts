import { beforeAll, describe, expect, it } from 'vitest';
import type { SimulatedRoot } from '../../../enclave/attest/simulated-root.ts';
import { createLedger, type Ledger } from '../../../enclave/egress/gate/ledger.ts';
import { rulesDigest } from '../../../enclave/handover/handover.ts';
import { giveByName, takeByName } from '../../../enclave/handover/rendezvous.ts';
import { concat, toBase64Url, utf8 } from '../../../shared/bytes.ts';
import { systemRandom } from '../../../shared/runtime.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { enclaveSuite, type TestEnclave, testEnclave, testRoot } from '../../support/enclaves.ts';
import { MemoryBroker } from '../../support/memory-broker.ts';

let root: SimulatedRoot;
let giver: TestEnclave;
let heir: TestEnclave;
beforeAll(async () => {
  root = await testRoot();
  [giver, heir] = [await testEnclave(root, 1), await testEnclave(root, 1)];
});

function ledgerOf(units: number): Ledger {
  let bytes: Uint8Array | undefined;
  let count = 0;
  const ledger = createLedger(
    {
      random: systemRandom,
      storage: {
        read: () => bytes,
        write: (sealed) => {
          bytes = sealed;
        },
      },
      counter: {
        read: () => count,
        advance: (value) => {
          count = Math.max(count, value);
        },
      },
    },
    { key: systemRandom.bytes(32), label: 'egress' },
  );
  if (units > 0) ledger.set(new Map([['a', units]]));
  return ledger;
}

const rules = rulesDigest(enclaveSuite, 'one configuration');
const newName = () => toBase64Url(systemRandom.bytes(16));
const within = (ms: number) => AbortSignal.timeout(ms);

describe('giver and heir', () => {
  it('find each other by their name, whoever is there first', async () => {
    for (const giverFirst of [true, false]) {
      const [broker, name] = [new MemoryBroker(), newName()];
      const [ledger, adopted] = [ledgerOf(7), ledgerOf(0)];
      const give = () => giveByName({ ...giver, ledger, broker }, { name, rules }, within(10_000));
      const take = () =>
        takeByName(
          { ...heir, broker },
          { name, rules },
          (contents) => adopted.adopt(contents.ledger),
          within(10_000),
        );
      const first = giverFirst ? give() : take();
      await new Promise((resolve) => setTimeout(resolve, 20));
      await Promise.all([first, giverFirst ? take() : give()]);
      expect(adopted.get('a')).toBe(7);
      expect(ledger.given).toBe(true);
      expect(broker.openBoxes).toBe(0);
    }
  }, 30_000);

  it('are not kept apart by strangers and noise in the box', async () => {
    const [broker, name] = [new MemoryBroker(), newName()];
    const [ledger, adopted] = [ledgerOf(7), ledgerOf(0)];
    const given = giveByName({ ...giver, ledger, broker }, { name, rules }, within(20_000));
    broker.inject({ to: name, body: utf8('x') });
    broker.inject({ to: name, body: concat(systemRandom.bytes(16), utf8('hello')) });
    const stranger = await testEnclave(root, 9);
    const refused = takeByName(
      { ...stranger, judge: async () => undefined, broker },
      { name, rules },
      () => undefined,
      within(3_000),
    );
    // It hears nothing: its document did not hold, and nobody tells it why.
    expect(await codeOfAsync(refused)).toBe('TIMEOUT');
    expect(ledger.given).toBe(false);
    await takeByName(
      { ...heir, broker },
      { name, rules },
      (contents) => adopted.adopt(contents.ledger),
      within(15_000),
    );
    await given;
    expect(adopted.get('a')).toBe(7);
  }, 40_000);

  it('take no name but one of 16 bytes, and end when nobody comes', async () => {
    const broker = new MemoryBroker();
    for (const name of ['', 'short', `${'A'.repeat(21)}/`, `${'A'.repeat(21)}B`]) {
      const ended = takeByName({ ...heir, broker }, { name, rules }, () => undefined, within(100));
      expect(await codeOfAsync(ended)).toBe('HANDOVER_REFUSED');
    }
    const ledger = ledgerOf(1);
    const name = newName();
    const alone = giveByName({ ...giver, ledger, broker }, { name, rules }, within(100));
    expect(await codeOfAsync(alone)).toBe('TIMEOUT');
    expect(ledger.given).toBe(false);
    const waiting = takeByName({ ...heir, broker }, { name, rules }, () => undefined, within(100));
    expect(await codeOfAsync(waiting)).toBe('HANDOVER_REFUSED');
  });
});
