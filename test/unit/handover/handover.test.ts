import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SimulatedRoot } from '../../../enclave/attest/simulated-root.ts';
import { createEgressGate, type GateCall } from '../../../enclave/egress/gate/gate.ts';
import { createLedger, type Ledger } from '../../../enclave/egress/gate/ledger.ts';
import { decodeContents, encodeContents } from '../../../enclave/handover/contents.ts';
import { giveOver, rulesDigest, takeOver } from '../../../enclave/handover/handover.ts';
import { keepIn } from '../../../enclave/handover/local-state.ts';
import { utf8 } from '../../../shared/bytes.ts';
import { isNmpError } from '../../../shared/errors.ts';
import { systemRandom } from '../../../shared/runtime.ts';
import { codeOf } from '../../support/code-of.ts';
import { enclaveSuite, type TestEnclave, testEnclave, testRoot } from '../../support/enclaves.ts';
import { framePair, type Tamper } from '../../support/frames.ts';

let root: SimulatedRoot;
let giver: TestEnclave;
let heir: TestEnclave;

beforeAll(async () => {
  root = await testRoot();
  [giver, heir] = [await testEnclave(root, 1), await testEnclave(root, 1)];
});

/** A ledger on a disk that a test can rewind and fill up. */
function disk() {
  const state: { bytes: Uint8Array | undefined; count: number; full: boolean } = {
    bytes: undefined,
    count: 0,
    full: false,
  };
  const key = systemRandom.bytes(32);
  const open = (): Ledger =>
    createLedger(
      {
        random: systemRandom,
        storage: {
          read: () => state.bytes,
          write: (sealed) => {
            if (state.full) throw new Error('disk full');
            state.bytes = sealed;
          },
        },
        counter: {
          read: () => state.count,
          advance: (value) => {
            state.count = Math.max(state.count, value);
          },
        },
      },
      { key, label: 'egress' },
    );
  return { state, open };
}

const charged = () => {
  const kept = disk();
  kept.open().set(new Map([['bits a', 90]]));
  return kept;
};
const RULES = rulesDigest(enclaveSuite, 'one configuration');
const identity = utf8('the key of a Peer ID');
const code = (error: unknown) => (isNmpError(error) ? error.code : String(error));

interface Attack {
  readonly giver?: TestEnclave;
  readonly heir?: TestEnclave;
  readonly toGiver?: Tamper;
  readonly toHeir?: Tamper;
  readonly heirRules?: Uint8Array;
  readonly keep?: () => void;
}

/** One run; what each side ended with, and what the heir adopted. */
async function handOver(from: Ledger, to: Ledger, attack: Attack = {}) {
  const [g, h] = framePair({
    ...(attack.toGiver && { toA: attack.toGiver }),
    ...(attack.toHeir && { toB: attack.toHeir }),
  });
  const soon = () => AbortSignal.timeout(1_500);
  let key: Uint8Array | undefined;
  const given = giveOver(
    { ...(attack.giver ?? giver), ledger: from },
    { rules: RULES, identity },
    g,
    soon(),
  ).then(
    () => 'given',
    (error: unknown) => {
      g.abort(new Error('over'));
      return code(error);
    },
  );
  const taken = takeOver(
    attack.heir ?? heir,
    { rules: attack.heirRules ?? RULES },
    h,
    (contents) => {
      attack.keep?.();
      to.adopt(contents.ledger);
      key = contents.identity;
    },
    soon(),
  ).then(
    () => 'taken',
    (error: unknown) => {
      h.abort(new Error('over'));
      return code(error);
    },
  );
  return { given: await given, taken: await taken, key };
}

/** Can anybody still be charged here? */
const holds = (ledger: Ledger) => codeOf(() => ledger.set(new Map([['probe', 1]]))) === undefined;
const units = (ledger: Ledger) => ledger.get('bits a');

describe('a handover', () => {
  it('leaves the heir with ledger and key, and the giver with neither', async () => {
    const [from, to] = [charged(), disk()];
    const ledger = from.open();
    const heirs = to.open();
    expect(await handOver(ledger, heirs)).toEqual({
      given: 'given',
      taken: 'taken',
      key: identity,
    });
    expect(units(heirs)).toBe(90);
    expect(codeOf(() => ledger.get('bits a'))).toBe('EGRESS_GIVEN');
    expect(codeOf(() => ledger.set(new Map([['bits a', 1]])))).toBe('EGRESS_GIVEN');
    expect(codeOf(() => ledger.give())).toBe('EGRESS_GIVEN');
    // Also in their next lives.
    expect(from.open().given).toBe(true);
    expect(codeOf(() => from.open().get('bits a'))).toBe('EGRESS_GIVEN');
    expect(units(to.open())).toBe(90);
    expect(to.state.count).toBeGreaterThan(from.state.count);
  });

  it('has the quota go on at the heir, and no call admitted or settled at the giver', async () => {
    const [from, to] = [disk(), disk()];
    const ledger = from.open();
    const call: GateCall = {
      client: 'peer-a',
      moduleHash: new Uint8Array(32).fill(1),
      datasets: ['cohort'],
      policy: { quotaBits: 80 },
      bits: 30,
    };
    const gate = createEgressGate({ ledger });
    gate.admit(call).settle({ blocked: false, codes: [] });
    const open = gate.admit(call);
    const heirs = to.open();
    await handOver(ledger, heirs);
    expect(codeOf(() => gate.admit(call))).toBe('EGRESS_GIVEN');
    expect(codeOf(() => open.settle({ blocked: true, codes: [] }))).toBe('EGRESS_GIVEN');
    const next = createEgressGate({ ledger: heirs });
    expect(codeOf(() => next.admit(call))).toBe('EGRESS_QUOTA');
    expect(codeOf(() => next.admit({ ...call, client: 'peer-b' }))).toBeUndefined();
  });

  it('is refused to other measurements, in both directions, and nothing is given', async () => {
    const stranger = await testEnclave(root, 9);
    for (const attack of [{ heir: stranger }, { giver: stranger }]) {
      const [from, to] = [charged(), disk()];
      const ledger = from.open();
      const { given, taken } = await handOver(ledger, to.open(), attack);
      expect([given, taken]).toContain('ATTESTATION_PCR_UNKNOWN');
      expect(ledger.given).toBe(false);
      expect(units(ledger)).toBe(90);
      expect(to.state.bytes).toBeUndefined();
    }
  });

  it('is refused to simulated evidence of a root that is not named', async () => {
    const elsewhere = await testEnclave(await testRoot(), 1, {
      simulatedRoots: [root.fingerprint],
    });
    const ledger = charged().open();
    expect((await handOver(ledger, disk().open(), { heir: elsewhere })).given).toBe(
      'ATTESTATION_SIMULATED',
    );
    expect(ledger.given).toBe(false);
  });

  it('is refused to other rules', async () => {
    const ledger = charged().open();
    const heirRules = rulesDigest(enclaveSuite, 'another configuration');
    const ended = await handOver(ledger, disk().open(), { heirRules });
    expect(ended).toMatchObject({ given: 'HANDOVER_REFUSED', taken: 'HANDOVER_REFUSED' });
    expect(ledger.given).toBe(false);
  });

  it('is not begun by a whole earlier run, played back', async () => {
    const frames: Uint8Array[] = [];
    const record: Tamper = (frame) => {
      frames.push(frame.slice());
      return [frame];
    };
    await handOver(charged().open(), disk().open(), { toGiver: record });
    const ledger = charged().open();
    const [g, h] = framePair();
    const given = giveOver({ ...giver, ledger }, { rules: RULES }, g, AbortSignal.timeout(1_000));
    for (const frame of frames) await h.write(frame);
    expect(await given.catch(code)).toBe('ATTESTATION_NONCE');
    expect(ledger.given).toBe(false);
  });

  it('gives nothing up for a message that was changed on its way', async () => {
    for (let at = 0; at < 3; at++) {
      const flip: Tamper = (frame, index) => {
        if (index === at) frame[frame.length - 3] = (frame[frame.length - 3] ?? 0) ^ 1;
        return [frame];
      };
      const [from, to] = [charged(), disk()];
      const ledger = from.open();
      const { given, taken } = await handOver(ledger, to.open(), { toGiver: flip });
      expect(given).not.toBe('given');
      expect(taken).not.toBe('taken');
      expect(ledger.given).toBe(false);
      expect(to.state.bytes).toBeUndefined();
    }
  });

  it('of a rewound ledger cannot be: before, and after it was given', async () => {
    const from = charged();
    const early = from.state.bytes;
    const ledger = from.open();
    ledger.set(new Map([['bits a', 95]]));
    from.state.bytes = early;
    expect(codeOf(() => from.open())).toBe('EGRESS_LEDGER');
    const again = charged();
    const before = again.state.bytes;
    await handOver(again.open(), disk().open());
    // The giver's disk is put back to when it held the ledger.
    again.state.bytes = before;
    expect(codeOf(() => again.open())).toBe('EGRESS_LEDGER');
  });

  it('is not adopted by an enclave that has charged somebody itself', async () => {
    const [from, to] = [charged(), disk()];
    const heirs = to.open();
    heirs.set(new Map([['bits b', 5]]));
    const { taken, given } = await handOver(from.open(), heirs);
    expect(taken).toBe('EGRESS_LEDGER');
    expect(given).toBe('HANDOVER_UNCONFIRMED');
    expect(heirs.get('bits b')).toBe(5);
    expect(heirs.get('bits a')).toBe(0);
  });

  // Where the run ends, and who can charge the ledger afterwards: never both.
  const crashes: readonly (readonly [string, (stage: string[]) => Attack, number, number])[] = [
    ['before the giver gives up', () => ({ toGiver: (f, i) => (i < 2 ? [f] : []) }), 1, 0],
    [
      'after the giver gave up, before the heir hears',
      () => ({ toHeir: (f, i) => (i < 1 ? [f] : []) }),
      0,
      0,
    ],
    [
      'when the heir dies before it keeps',
      () => ({
        keep: () => {
          throw new Error('killed');
        },
      }),
      0,
      0,
    ],
    [
      'when the word that it is kept is lost',
      () => ({ toGiver: (f, i) => (i < 3 ? [f] : []) }),
      0,
      1,
    ],
  ];
  it.each(crashes)('that ends %s leaves one holder at most', async (_, attack, giving, taking) => {
    const [from, to] = [charged(), disk()];
    const [ledger, heirs] = [from.open(), to.open()];
    await handOver(ledger, heirs, attack([]));
    // Both start anew from their disks, as after a crash.
    const lives = [
      [ledger, from.open()],
      [heirs, to.open()],
    ] as const;
    const charging = lives.map((each) =>
      each.every((one) => codeOf(() => one.get('bits a')) === undefined && one.get('bits a') === 90)
        ? 1
        : 0,
    );
    expect(charging).toEqual([giving, taking]);
    expect(charging[0] === 1 && charging[1] === 1).toBe(false);
    if (giving === 0) expect(holds(from.open())).toBe(false);
  });

  it('that cannot be written gives nothing out', async () => {
    const [from, to] = [charged(), disk()];
    const ledger = from.open();
    from.state.full = true;
    const { given, taken, key } = await handOver(ledger, to.open());
    expect(given).toBe('EGRESS_LEDGER');
    expect(taken).not.toBe('taken');
    expect(key).toBeUndefined();
    from.state.full = false;
    // Nothing left the enclave: after a new start it is the giver's again.
    expect(units(from.open())).toBe(90);
  });

  it.each([
    'no JSON',
    '{}',
    '{"version":2,"sequence":1,"units":{}}',
    '{"version":1,"sequence":1,"units":{"a":-1}}',
    '{"version":1,"sequence":1,"units":{"a":0}}',
    '{"version":1,"sequence":1,"units":{},"more":1}',
    '{"version":1,"sequence":1,"units":{},"identity":"*"}',
  ])('takes no contents like %s', (text) => {
    expect(codeOf(() => decodeContents(utf8(text)))).toBe('HANDOVER_REFUSED');
  });

  it('reads what it writes', () => {
    const contents = { ledger: { sequence: 3, units: new Map([['a', 1]]) }, identity };
    expect(decodeContents(encodeContents(contents))).toEqual(contents);
  });
});

describe('an heir of local mode', () => {
  it('keeps the counts before the identity, so that no end in between forgets them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nmp-heir-'));
    const heirs = disk();
    const path = join(folder, 'absent', 'identity.key');
    const handed = { ledger: charged().open().give(), identity };
    await expect(keepIn(heirs.open(), path)(handed)).rejects.toThrow('ENOENT');
    expect(heirs.open().get('bits a')).toBe(90);
    await rm(folder, { recursive: true });
  });
});
