import { describe, expect, it } from 'vitest';
import { REFUSAL_STEP_MS, waitForStep } from '../../../enclave/node/coarse-clock.ts';
import type { ErrorCode } from '../../../shared/errors.ts';

const never = new AbortController().signal;

/** How long a refusal waits that is ready `elapsedMs` after its call began. */
async function waited(code: ErrorCode, elapsedMs: number): Promise<number> {
  let total = 0;
  const components = {
    clock: { monotonicMs: () => 5_000 + elapsedMs },
    sleep: async (ms: number) => {
      total += ms;
    },
  };
  await waitForStep(components, { code, startedMs: 5_000 }, never);
  return total;
}

describe('the coarse clock of refusals', () => {
  it.each(['EGRESS_BLOCKED', 'SANDBOX_TRAP', 'SANDBOX_FUEL', 'SANDBOX_MEMORY'] as const)(
    'lets %s leave at a step of time only',
    async (code) => {
      for (const elapsedMs of [0, 0.25, 1, 99.5, 100, 101, 1_234.5]) {
        const leavesMs = elapsedMs + (await waited(code, elapsedMs));
        expect(leavesMs % REFUSAL_STEP_MS).toBeCloseTo(0, 9);
        expect(leavesMs).toBeGreaterThan(elapsedMs);
        expect(leavesMs - elapsedMs).toBeLessThanOrEqual(REFUSAL_STEP_MS);
      }
    },
  );

  it('makes two ends of one step leave together', async () => {
    const [early, late] = [3, 97];
    expect(early + (await waited('SANDBOX_TRAP', early))).toBe(
      late + (await waited('EGRESS_BLOCKED', late)),
    );
  });

  it('does not hold back what logic cannot choose', async () => {
    for (const code of ['GUARDIAN_REJECTED', 'FRAME_MALFORMED', 'EGRESS_QUOTA'] as const) {
      expect(await waited(code, 42)).toBe(0);
    }
  });

  it('takes a clock that went back for the start of the call', async () => {
    expect(await waited('SANDBOX_TRAP', -7)).toBe(REFUSAL_STEP_MS);
  });

  it('waits no longer than anybody does, and hides no other failure', async () => {
    const gone = AbortSignal.abort(new Error('gone'));
    const clock = { monotonicMs: () => 0 };
    const refusal = { code: 'SANDBOX_TRAP', startedMs: 0 } as const;
    const aborted = { clock, sleep: () => Promise.reject(gone.reason) };
    await expect(waitForStep(aborted, refusal, gone)).resolves.toBeUndefined();
    const broken = { clock, sleep: () => Promise.reject(new Error('broken')) };
    await expect(waitForStep(broken, refusal, never)).rejects.toThrow('broken');
  });
});
