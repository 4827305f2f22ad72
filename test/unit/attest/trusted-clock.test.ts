import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Nsm } from '../../../enclave/attest/nsm.ts';
import { createSimulatedNsm } from '../../../enclave/attest/simulated.ts';
import { createSimulatedRoot } from '../../../enclave/attest/simulated-root.ts';
import { createTrustedClock, timestampOf } from '../../../enclave/attest/trusted-clock.ts';
import { isNmpError } from '../../../shared/errors.ts';
import { systemRandom } from '../../../shared/runtime.ts';
import { type CborValue, encodeCbor } from '../../../shared/wire/cbor.ts';
import { ManualClock } from '../../support/clock.ts';
import { codeOf, codeOfAsync } from '../../support/code-of.ts';

const START_MS = 1_800_000_000_000;
const TOLERANCE_MS = 5_000;

/** A document as far as its time goes; QEMU's look like this, too. */
function documentOf(timestamp: CborValue): Uint8Array {
  const payload = encodeCbor(new Map<string, CborValue>([['timestamp', timestamp]]));
  return encodeCbor([new Uint8Array(0), new Map(), payload, new Uint8Array(64)]);
}

/** Three clocks that a host can bend one by one. */
function machine() {
  const at = { nsmMs: START_MS, wallMs: START_MS + 777, monotonicMs: 5 };
  const nsm: Pick<Nsm, 'attest'> = { attest: async () => documentOf(BigInt(at.nsmMs)) };
  const clock = { nowMs: () => at.wallMs, monotonicMs: () => at.monotonicMs };
  const pass = (ms: number) => {
    at.nsmMs += ms;
    at.wallMs += ms;
    at.monotonicMs += ms;
  };
  return { at, components: { nsm, clock }, pass };
}

describe('the clock of an enclave', () => {
  it('is the device’s, carried on by the monotonic clock in whole milliseconds', async () => {
    const { at, components } = machine();
    at.monotonicMs = 5.25;
    const clock = await createTrustedClock(components);
    expect(clock.nowMs()).toBe(START_MS);
    at.monotonicMs += 1500.6;
    at.wallMs += 1500;
    expect(clock.nowMs()).toBe(START_MS + 1500);
    expect(clock.monotonicMs()).toBe(at.monotonicMs);
  });

  it('takes its time from documents of a whole NSM', async () => {
    const device = new ManualClock(START_MS);
    const parts = { clock: device, random: systemRandom };
    const root = await createSimulatedRoot(parts);
    const nsm = createSimulatedNsm(parts, { root, pcrs: new Map() });
    const clock = await createTrustedClock({
      nsm,
      clock: { nowMs: () => 9, monotonicMs: () => 1 },
    });
    expect(clock.nowMs()).toBe(START_MS);
    device.advance(60_000);
    await clock.synchronize();
    expect(clock.nowMs()).toBe(START_MS + 60_000);
  });

  it('goes forward with the device, as after a machine that was paused', async () => {
    const { at, components, pass } = machine();
    const clock = await createTrustedClock(components);
    pass(20_000);
    at.nsmMs += 40_000;
    at.wallMs += 40_000;
    await clock.synchronize();
    expect(clock.nowMs()).toBe(START_MS + 60_000);
  });

  it('is not led by a wall clock that is set forward', async () => {
    const { at, components } = machine();
    const clock = await createTrustedClock(components);
    at.wallMs += 3_600_000;
    expect(clock.nowMs()).toBe(START_MS);
  });

  it('bears drift, but does not follow it back', async () => {
    const { at, components, pass } = machine();
    const clock = await createTrustedClock(components);
    pass(30_000);
    at.nsmMs -= TOLERANCE_MS;
    at.wallMs -= TOLERANCE_MS;
    await clock.synchronize();
    expect(clock.nowMs()).toBe(START_MS + 30_000);
  });

  const bends: readonly [string, 'wallMs' | 'monotonicMs', number][] = [
    ['the wall clock is set back by an hour', 'wallMs', 3_600_000],
    ['the wall clock is set back by six seconds', 'wallMs', TOLERANCE_MS + 1],
    ['the monotonic clock runs back', 'monotonicMs', 1],
  ];
  it.each(bends)('gives no time any more once %s', async (_, which, backMs) => {
    const { at, components, pass } = machine();
    const clock = await createTrustedClock(components);
    pass(10_000);
    expect(clock.nowMs()).toBe(START_MS + 10_000);
    at[which] -= backMs;
    expect(codeOf(() => clock.nowMs())).toBe('CLOCK_MOVED_BACK');
    // Mending the clock does not mend the trust.
    pass(7_200_000);
    expect(codeOf(() => clock.nowMs())).toBe('CLOCK_MOVED_BACK');
    expect(codeOf(() => clock.monotonicMs())).toBe('CLOCK_MOVED_BACK');
    expect(await codeOfAsync(clock.synchronize())).toBe('CLOCK_MOVED_BACK');
  });

  it('gives no time any more once the device signs an earlier one', async () => {
    const { at, components, pass } = machine();
    const clock = await createTrustedClock(components);
    pass(60_000);
    // Later than the last document, and yet earlier than it can be.
    at.nsmMs -= TOLERANCE_MS + 1;
    expect(await codeOfAsync(clock.synchronize())).toBe('CLOCK_MOVED_BACK');
    expect(codeOf(() => clock.nowMs())).toBe('CLOCK_MOVED_BACK');
  });

  it('sees a wall clock that is set forward and back again', async () => {
    const { at, components } = machine();
    const clock = await createTrustedClock(components);
    at.wallMs += 3_600_000;
    clock.nowMs();
    at.wallMs -= 3_600_000;
    expect(codeOf(() => clock.nowMs())).toBe('CLOCK_MOVED_BACK');
  });

  it('goes on over a device that does not answer', async () => {
    const { components, pass } = machine();
    let broken = false;
    const attest = () => (broken ? Promise.resolve(documentOf(null)) : components.nsm.attest({}));
    const clock = await createTrustedClock({ ...components, nsm: { attest } });
    broken = true;
    pass(1_000);
    expect(await codeOfAsync(clock.synchronize())).toBe('NSM_INVALID_RESPONSE');
    expect(clock.nowMs()).toBe(START_MS + 1_000);
  });

  it('never goes back nor behind the last attested time, whatever the host does', async () => {
    const step = fc.record({
      pass: fc.integer({ min: 0, max: 40_000 }),
      nsm: fc.integer({ min: -8_000, max: 8_000 }),
      wall: fc.integer({ min: -8_000, max: 8_000 }),
      synchronize: fc.boolean(),
    });
    let ended = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const { at, components, pass } = machine();
        const clock = await createTrustedClock(components);
        let last = clock.nowMs();
        for (const { pass: ms, nsm, wall, synchronize } of steps) {
          pass(ms);
          at.nsmMs += nsm;
          at.wallMs += wall;
          try {
            if (synchronize) {
              await clock.synchronize();
              expect(clock.nowMs()).toBeGreaterThanOrEqual(at.nsmMs);
            }
            const now = clock.nowMs();
            expect(now).toBeGreaterThanOrEqual(last);
            last = now;
          } catch (error) {
            if (!isNmpError(error, 'CLOCK_MOVED_BACK')) throw error;
            ended++;
            return;
          }
        }
      }),
      { seed: 5, numRuns: 1_000 },
    );
    expect(ended).toBeGreaterThan(100);
  });

  it.each<[string, Uint8Array]>([
    ['no CBOR', Uint8Array.of(0xff)],
    ['no document', encodeCbor('text')],
    ['no payload', encodeCbor([1, 2, 3, 4])],
    ['no timestamp', encodeCbor([0, 0, encodeCbor(new Map()), 0])],
    ['a text', documentOf('1800000000000')],
    ['a time before the device existed', documentOf(0)],
    ['a time beyond any', documentOf(0xffff_ffff_ffff_ffffn)],
  ])('has no time from %s', async (_, document) => {
    expect(codeOf(() => timestampOf(document))).toBe('NSM_INVALID_RESPONSE');
    const { components } = machine();
    const nsm = { attest: async () => document };
    expect(await codeOfAsync(createTrustedClock({ ...components, nsm }))).toBe(
      'NSM_INVALID_RESPONSE',
    );
  });
});
