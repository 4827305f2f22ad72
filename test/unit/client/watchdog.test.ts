import { describe, expect, it } from 'vitest';
import { startWatchdog, type WatchdogEvent } from '../../../client/watchdog.ts';
import { NmpError } from '../../../shared/errors.ts';
import { PCR, POLICY, reportFor } from '../../support/fake-mesh.ts';

describe('a watchdog', () => {
  it('tells of each look until it is stopped', async () => {
    const good = reportFor(POLICY, PCR('a'));
    const bad = reportFor(POLICY, PCR('9'));
    const lost = new NmpError('UNREACHABLE');
    const looks = [good, bad, lost, new TypeError('odd'), good, good];
    const events: WatchdogEvent[] = [];
    const paused: number[] = [];
    const ended = Promise.withResolvers<void>();
    const watchdog = startWatchdog(
      { name: 'ward', peer: 'peer', intervalMs: 1234, signal: undefined },
      {
        attest: async () => {
          const look = looks[events.length] ?? good;
          if (look instanceof Error) throw look;
          return look;
        },
        sleep: async (ms) => {
          paused.push(ms);
        },
      },
      (event) => {
        events.push(event);
        if (events.length === 5) {
          watchdog.stop();
          ended.resolve();
        }
      },
    );
    await ended.promise;
    await new Promise((resolve) => setImmediate(resolve));
    expect(events.map(({ report, error }) => report?.verdict ?? error?.code)).toEqual([
      'pass',
      'fail',
      'UNREACHABLE',
      'INTERNAL',
      'pass',
    ]);
    expect(new Set(paused)).toEqual(new Set([1234]));
    expect(events[0]).toMatchObject({ name: 'ward', peer: 'peer' });
  });
});
