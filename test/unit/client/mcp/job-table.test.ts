import { describe, expect, it } from 'vitest';
import { JobTable } from '../../../../client/mcp/job-table.ts';
import { ManualClock, seededRandom } from '../../../support/clock.ts';
import { codeOf, codeOfAsync } from '../../../support/code-of.ts';

const past = AbortSignal.abort();
const never = new AbortController().signal;

function setUp() {
  const clock = new ManualClock();
  return { clock, jobs: new JobTable<string>({ clock, random: seededRandom(3) }) };
}

describe('jobs', () => {
  it('run until they end, and are polled by a handle that cannot be guessed', async () => {
    const { jobs } = setUp();
    const work = Promise.withResolvers<string>();
    const handle = jobs.start((_signal, onStage) => {
      onStage(3);
      return work.promise;
    });
    expect(handle).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(await jobs.poll(handle, past)).toEqual({ state: 'running', stage: 3 });
    work.resolve('done');
    expect(await jobs.poll(handle, never)).toEqual({ state: 'finished', outcome: 'done' });
    expect(await codeOfAsync(jobs.poll('A'.repeat(22), past))).toBe('JOB_UNKNOWN');
  });

  it('are cancelled through their signal', async () => {
    const { jobs } = setUp();
    const handle = jobs.start(
      (signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve('stopped'))),
    );
    jobs.cancel(handle);
    expect(await jobs.poll(handle, never)).toEqual({ state: 'finished', outcome: 'stopped' });
    expect(codeOf(() => jobs.cancel('B'.repeat(22)))).toBe('JOB_UNKNOWN');
  });

  it('keep an outcome ten minutes', async () => {
    const { clock, jobs } = setUp();
    const handle = jobs.start(async () => 'done');
    await jobs.poll(handle, never);
    clock.advance(599_999);
    expect((await jobs.poll(handle, past)).state).toBe('finished');
    clock.advance(2);
    expect(await codeOfAsync(jobs.poll(handle, past))).toBe('JOB_UNKNOWN');
  });

  it('are so many at a time', () => {
    const { jobs } = setUp();
    const endless = () => new Promise<string>(() => undefined);
    for (let i = 0; i < 32; i++) jobs.start(endless);
    expect(codeOf(() => jobs.start(endless))).toBe('JOB_LIMIT');
    jobs.close();
    expect(jobs.start(endless)).toHaveLength(22);
  });
});
