import { expect, it } from 'vitest';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { assertTrigger, lookNonce, WATCH } from '../../../shared/wire/watch.ts';
import { codeOf } from '../../support/code-of.ts';

const trigger = { everyMs: 5_000, events: 10, ttlMs: 60_000, changes: true };
const judged = (part: object) => codeOf(() => assertTrigger({ ...trigger, ...part }));

it.each([
  ['everyMs', WATCH.everyMsMin, WATCH.everyMsMax],
  ['events', 1, WATCH.eventsMax],
  ['ttlMs', 1, WATCH.ttlMsMax],
] as const)('%s is taken at both of its bounds and refused one beyond', (field, min, max) => {
  for (const value of [min, max]) {
    expect(() => assertTrigger({ ...trigger, [field]: value })).not.toThrow();
  }
  for (const value of [min - 1, max + 1, min + 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(judged({ [field]: value })).toBe('WATCH_TRIGGER');
  }
});

it('the bounds are those of docs/protocol.md', () => {
  expect(WATCH).toEqual({
    everyMsMin: 1_000,
    everyMsMax: 3_600_000,
    eventsMax: 3_600,
    ttlMsMax: 3_600_000,
    pulseMs: 30_000,
  });
});

it('each look has its own nonce, and each watchdog its own looks', () => {
  const suite = createNodeSuite();
  const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const nonces = [lookNonce(suite, a, 1n), lookNonce(suite, a, 2n), lookNonce(suite, b, 1n)];
  expect(new Set(nonces.map(String)).size).toBe(3);
  expect(nonces.map((nonce) => nonce.length)).toEqual([32, 32, 32]);
});
