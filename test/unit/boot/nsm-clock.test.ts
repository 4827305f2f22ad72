import { describe, expect, it } from 'vitest';
import type { Nsm } from '../../../enclave/attest/nsm.ts';
import { createSimulatedNsm } from '../../../enclave/attest/simulated.ts';
import { createSimulatedRoot } from '../../../enclave/attest/simulated-root.ts';
import { createNsmClock, timestampOf } from '../../../enclave/boot/nsm-clock.ts';
import { systemRandom } from '../../../shared/runtime.ts';
import { type CborValue, encodeCbor } from '../../../shared/wire/cbor.ts';
import { ManualClock } from '../../support/clock.ts';
import { codeOf, codeOfAsync } from '../../support/code-of.ts';

/** A document as far as its time goes; QEMU's look like this, too. */
function documentOf(timestamp: CborValue): Uint8Array {
  const payload = encodeCbor(new Map<string, CborValue>([['timestamp', timestamp]]));
  return encodeCbor([new Uint8Array(0), new Map(), payload, new Uint8Array(64)]);
}

async function deviceAt(clock: ManualClock): Promise<Nsm> {
  const components = { clock, random: systemRandom };
  const root = await createSimulatedRoot(components);
  return createSimulatedNsm(components, { root, pcrs: new Map() });
}

describe('the clock of an enclave', () => {
  it('is the device’s, carried on by the monotonic clock in whole milliseconds', async () => {
    const device = new ManualClock(1_800_000_000_000);
    let machineMs = 5.25;
    const clock = await createNsmClock({
      nsm: await deviceAt(device),
      monotonic: { monotonicMs: () => machineMs },
    });
    expect(clock.nowMs()).toBe(1_800_000_000_000);
    machineMs += 1500.6;
    expect(clock.nowMs()).toBe(1_800_000_001_500);
    expect(clock.monotonicMs()).toBe(machineMs);
  });

  it('goes forward with the device, and never back', async () => {
    const device = new ManualClock(1_800_000_000_000);
    let machineMs = 0;
    const nsm = await deviceAt(device);
    const clock = await createNsmClock({ nsm, monotonic: { monotonicMs: () => machineMs } });
    // A machine whose ticks are lost lags; the device mends it.
    device.advance(60_000);
    machineMs += 20_000;
    await clock.synchronize();
    expect(clock.nowMs()).toBe(1_800_000_060_000);
    // A device that is set back is not followed.
    device.advance(-3_600_000);
    machineMs += 1_000;
    await clock.synchronize();
    expect(clock.nowMs()).toBe(1_800_000_061_000);
  });

  it.each<[string, Uint8Array]>([
    ['no CBOR', Uint8Array.of(0xff)],
    ['no document', encodeCbor('text')],
    ['no payload', encodeCbor([1, 2, 3, 4])],
    ['no timestamp', encodeCbor([0, 0, encodeCbor(new Map()), 0])],
    ['a text', documentOf('1800000000000')],
    ['a time before the device existed', documentOf(0)],
    ['a time beyond any', documentOf(0xffff_ffff_ffff_ffffn)],
  ])('has no time from %s', (_, document) => {
    expect(codeOf(() => timestampOf(document))).toBe('NSM_INVALID_RESPONSE');
  });

  it('does not start without the device', async () => {
    const nsm = await deviceAt(new ManualClock());
    const broken: Nsm = Object.assign(Object.create(nsm), { attest: async () => documentOf(null) });
    const monotonic = { monotonicMs: () => 0 };
    expect(await codeOfAsync(createNsmClock({ nsm: broken, monotonic }))).toBe(
      'NSM_INVALID_RESPONSE',
    );
  });
});
