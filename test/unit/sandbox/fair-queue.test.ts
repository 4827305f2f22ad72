import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../../enclave/sandbox/fair-queue.ts';

const queue = (slots: number, bytes = 1_000) => new FairQueue({ slots, bytes, perPeerMax: 2 });

/** What a promise has come to by now. */
async function now<T>(promise: Promise<T>): Promise<T | 'waiting'> {
  await new Promise((resolve) => setImmediate(resolve));
  return Promise.race([promise, Promise.resolve('waiting' as const)]);
}

describe('the queue of sandbox jobs', () => {
  it('keeps a quarter of its slots for peers with nothing running', async () => {
    const jobs = queue(8);
    const started = [];
    for (let index = 0; index < 6; index++) started.push(await jobs.enter('a', 1));
    const seventh = jobs.enter('a', 1);
    expect(await now(seventh)).toBe('waiting');
    const other = await jobs.enter('b', 1);
    expect(other).toBeTypeOf('function');
    expect(await now(jobs.enter('b', 1))).toBe('waiting');
    started[0]?.();
    expect(await now(seventh)).toBe('waiting');
    other?.();
    expect(await now(seventh)).toBeTypeOf('function');
  });

  it('admits no more memory than there is, and a quarter of it to newcomers only', async () => {
    const jobs = queue(100, 1_000);
    expect(await jobs.enter('a', 500)).toBeTypeOf('function');
    expect(await now(jobs.enter('a', 300))).toBe('waiting');
    expect(await jobs.enter('b', 300)).toBeTypeOf('function');
    expect(await now(jobs.enter('c', 300))).toBe('waiting');
  });

  it('leaves an eighth of its memory to small jobs, whoever has the large ones', async () => {
    const jobs = queue(100, 6_400);
    for (let peer = 0; peer < 7; peer++) {
      expect(await jobs.enter(`large ${peer}`, 800)).toBeTypeOf('function');
    }
    expect(await now(jobs.enter('one more', 800))).toBe('waiting');
    expect(await now(jobs.enter('not small', 101))).toBe('waiting');
    for (let peer = 0; peer < 8; peer++) {
      expect(await jobs.enter(`small ${peer}`, 100)).toBeTypeOf('function');
    }
    expect(await now(jobs.enter('beyond', 1))).toBe('waiting');
  });

  it('lets a job in alone that is larger than all', async () => {
    const jobs = queue(4, 1_000);
    const large = await jobs.enter('a', 5_000);
    expect(large).toBeTypeOf('function');
    const small = jobs.enter('b', 1);
    expect(await now(small)).toBe('waiting');
    large?.();
    expect(await now(small)).toBeTypeOf('function');
  });

  it('takes turns between peers, and ends a job once only', async () => {
    const jobs = queue(4);
    const running = [await jobs.enter('x', 1), await jobs.enter('y', 1), await jobs.enter('z', 1)];
    const fourth = await jobs.enter('w', 1);
    const order: string[] = [];
    const wait = (peer: string) =>
      jobs.enter(peer, 1).then((leave) => {
        order.push(peer);
        leave?.();
      });
    const all = Promise.all([wait('a'), wait('a'), wait('b')]);
    fourth?.();
    fourth?.();
    await all;
    expect(order).toEqual(['a', 'b', 'a']);
    for (const leave of running) leave?.();
    expect(jobs.waiting).toBe(0);
  });

  it('refuses more waiting work than its share, and forgets who gave up', async () => {
    const jobs = queue(1);
    await jobs.enter('a', 1);
    const stop = new AbortController();
    const gone = jobs.enter('a', 1, stop.signal);
    void jobs.enter('a', 1);
    expect(await jobs.enter('a', 1)).toBeUndefined();
    stop.abort();
    expect(await gone).toBeUndefined();
    expect(jobs.waiting).toBe(1);
    expect(await jobs.enter('a', 1, AbortSignal.abort())).toBeUndefined();
  });
});
