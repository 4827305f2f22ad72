import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEgressGate, type GateCall } from '../../../../enclave/egress/gate/gate.ts';
import {
  createLedger,
  LEDGER_KEYS_MAX,
  type Ledger,
  type MonotonicCounter,
  type SealedStorage,
} from '../../../../enclave/egress/gate/ledger.ts';
import { seededRandom } from '../../../support/clock.ts';
import { codeOf } from '../../../support/code-of.ts';

class Memory implements SealedStorage {
  bytes: Uint8Array | undefined;
  failing = false;
  read() {
    return this.bytes;
  }
  write(sealed: Uint8Array) {
    if (this.failing) throw new Error('disk full');
    this.bytes = sealed;
  }
}

class Counter implements MonotonicCounter {
  value = 0;
  read() {
    return this.value;
  }
  advance(value: number) {
    this.value = Math.max(this.value, value);
  }
}

const key = new Uint8Array(32).fill(7);
function world() {
  const storage = new Memory();
  const counter = new Counter();
  const random = seededRandom(5);
  const open = (with_: Partial<{ key: Uint8Array; label: string }> = {}): Ledger =>
    createLedger({ storage, counter, random }, { key, label: 'test', ...with_ });
  return { storage, counter, open };
}

const call = (change: Partial<GateCall> = {}): GateCall => ({
  client: 'peer-a',
  moduleHash: new Uint8Array(32).fill(1),
  datasets: ['cohort'],
  policy: { quotaBits: 100 },
  bits: 30,
  ...change,
});
const passed = { blocked: false, codes: [] };
const blocked = { blocked: true, codes: ['EMAIL'] };

describe('the ledger', () => {
  it('keeps its units over a restart, sealed', () => {
    const { storage, open } = world();
    open().set(new Map([['a secret name', 12]]));
    expect(open().get('a secret name')).toBe(12);
    expect(Buffer.from(storage.bytes ?? []).includes('a secret name')).toBe(false);
  });

  it('refuses to be set back, lost, changed, or read as another', () => {
    const { storage, open } = world();
    open().set(new Map([['a', 1]]));
    const old = storage.bytes ?? new Uint8Array();
    open().set(new Map([['a', 2]]));
    const now = storage.bytes ?? new Uint8Array();
    storage.bytes = old;
    expect(codeOf(() => open())).toBe('EGRESS_LEDGER');
    storage.bytes = undefined;
    expect(codeOf(() => open())).toBe('EGRESS_LEDGER');
    for (let at = 0; at < now.length; at++) {
      storage.bytes = now.with(at, (now[at] ?? 0) ^ 1);
      expect(codeOf(() => open())).toBe('EGRESS_LEDGER');
    }
    storage.bytes = now.subarray(0, 20);
    expect(codeOf(() => open())).toBe('EGRESS_LEDGER');
    storage.bytes = now;
    expect(codeOf(() => open({ label: 'other' }))).toBe('EGRESS_LEDGER');
    expect(codeOf(() => open({ key: new Uint8Array(32) }))).toBe('EGRESS_LEDGER');
    expect(open().get('a')).toBe(2);
  });

  it('takes a state whose counter did not move before the crash', () => {
    const { counter, open } = world();
    open().set(new Map([['a', 1]]));
    counter.value = 0;
    expect(open().get('a')).toBe(1);
    expect(counter.value).toBe(1);
  });

  it('holds a bounded number of accounts, and stays as it was at the bound', () => {
    const ledger = world().open();
    const many = new Map(
      Array.from({ length: LEDGER_KEYS_MAX + 1 }, (_, i) => [`k${i}`, 1] as const),
    );
    expect(codeOf(() => ledger.set(many))).toBe('EGRESS_LEDGER');
    expect(ledger.get('k0')).toBe(0);
  });

  it('changes nothing that it could not write', () => {
    const { storage, open } = world();
    const ledger = open();
    ledger.set(new Map([['a', 1]]));
    storage.failing = true;
    expect(codeOf(() => ledger.set(new Map([['a', 5]])))).toBe('EGRESS_LEDGER');
    expect(ledger.get('a')).toBe(1);
  });
});

describe('the gate', () => {
  it('lets answers out until the quota is used, and then refuses, restarts or not', () => {
    const { open } = world();
    for (let i = 0; i < 2; i++) {
      createEgressGate({ ledger: open() }).admit(call()).settle(passed);
    }
    const gate = createEgressGate({ ledger: open() });
    expect(codeOf(() => gate.admit(call()))).toBe('EGRESS_QUOTA');
    gate.admit(call({ client: 'peer-b' })).settle(passed);
    gate.admit(call({ datasets: ['other'] })).settle(passed);
    gate.admit(call({ moduleHash: new Uint8Array(32).fill(2) })).settle(passed);
  });

  it('counts all modules of a client together where the policy says so', () => {
    const gate = createEgressGate({ ledger: world().open() });
    const policy = { clientQuotaBits: 100 };
    const nth = (n: number) => call({ policy, moduleHash: new Uint8Array(32).fill(n) });
    gate.admit(nth(1)).settle(passed);
    gate.admit(nth(2)).settle(passed);
    expect(codeOf(() => gate.admit(nth(3)))).toBe('EGRESS_QUOTA');
  });

  it('charges before the run: a crash costs the client, not the data owner', () => {
    const { open } = world();
    createEgressGate({ ledger: open() }).admit(call());
    createEgressGate({ ledger: open() }).admit(call());
    expect(codeOf(() => createEgressGate({ ledger: open() }).admit(call()))).toBe('EGRESS_QUOTA');
  });

  it('settles a call once', () => {
    const { open } = world();
    const admission = createEgressGate({ ledger: open() }).admit(call());
    admission.settle(passed);
    expect(codeOf(() => admission.failed())).toBe('INTERNAL');
    expect(codeOf(() => admission.settle(blocked))).toBe('INTERNAL');
    const gate = createEgressGate({ ledger: open() });
    gate.admit(call()).settle(passed);
    expect(codeOf(() => gate.admit(call()))).toBe('EGRESS_QUOTA');
  });

  it('gives back the bits of an answer that did not come, but not those of its outcome', () => {
    const gate = createEgressGate({ ledger: world().open() });
    let runs = 0;
    const policy = { quotaBits: 100 };
    for (; ; runs++) {
      if (codeOf(() => gate.admit(call({ policy })).failed()) !== undefined) break;
      if (runs > 50) throw new Error('never ends');
    }
    expect(runs).toBe(8);
  });

  it('never lets out more bits than the quota, whatever happens between', () => {
    const step = fc.record({
      bits: fc.double({ min: 0, max: 60, noNaN: true }),
      end: fc.constantFrom('pass', 'fail', 'restart'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { open } = world();
        let gate = createEgressGate({ ledger: open() });
        let out = 0;
        for (const { bits, end } of steps) {
          try {
            const admission = gate.admit(call({ bits }));
            if (end === 'pass') {
              admission.settle(passed);
              out += bits;
            } else if (end === 'fail') admission.failed();
            else gate = createEgressGate({ ledger: open() });
          } catch {
            // Refused: nothing left.
          }
        }
        expect(out).toBeLessThanOrEqual(100);
      }),
      { numRuns: 60 },
    );
  });

  it('holds a module back from the client whose answers it had blocked, until lifted', () => {
    const { open } = world();
    const policy = { blocksBeforeQuarantine: 2 };
    for (let i = 0; i < 2; i++) {
      createEgressGate({ ledger: open() }).admit(call({ policy })).settle(blocked);
    }
    const gate = createEgressGate({ ledger: open() });
    expect(codeOf(() => gate.admit(call({ policy })))).toBe('EGRESS_QUARANTINE');
    gate.admit(call({ policy, client: 'peer-b' })).settle(passed);
    gate.liftQuarantine('peer-a', call().moduleHash);
    gate.admit(call({ policy })).settle(passed);
  });

  it('holds it back after the third block, where the policy names no number', () => {
    const { open } = world();
    const policy = { quotaBits: 1_000_000 };
    for (let i = 0; i < 3; i++) {
      createEgressGate({ ledger: open() }).admit(call({ policy })).settle(blocked);
    }
    const gate = createEgressGate({ ledger: open() });
    expect(codeOf(() => gate.admit(call({ policy })))).toBe('EGRESS_QUARANTINE');
    const four = { ...policy, blocksBeforeQuarantine: 4 };
    gate.admit(call({ policy: four })).settle(passed);
  });

  it('bans a module that told a planted row from everybody, until the operator lifts it', () => {
    const { open } = world();
    createEgressGate({ ledger: open() })
      .admit(call())
      .settle({ blocked: true, codes: ['CANARY', 'EMAIL'] });
    const gate = createEgressGate({ ledger: open() });
    const others = call({ client: 'peer-b' });
    expect(codeOf(() => gate.admit(others))).toBe('EGRESS_BANNED');
    gate.liftBan(others.moduleHash);
    gate.admit(others).settle(passed);
  });
});
