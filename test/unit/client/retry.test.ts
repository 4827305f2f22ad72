import { describe, expect, it } from 'vitest';
import { retrying } from '../../../client/retry.ts';
import { type ErrorCode, NmpError } from '../../../shared/errors.ts';
import { codeOfAsync } from '../../support/code-of.ts';

function setUp(failures: readonly ErrorCode[], signal = new AbortController().signal) {
  const paused: number[] = [];
  let tried = 0;
  const run = (retries: number) =>
    retrying(
      {
        retries,
        signal,
        sleep: async (ms) => {
          if (signal.aborted) throw signal.reason;
          paused.push(ms);
        },
      },
      async () => {
        const failure = failures[tried++];
        if (failure !== undefined) throw new NmpError(failure);
        return 'done';
      },
    );
  return { run, paused, tried: () => tried };
}

describe('trying again', () => {
  it('pauses twice as long each time', async () => {
    const { run, paused } = setUp(['UNREACHABLE', 'CONNECTION_LOST', 'UNREACHABLE']);
    expect(await run(3)).toBe('done');
    expect(paused).toEqual([100, 200, 400]);
  });

  it('gives up after so many', async () => {
    const { run, tried } = setUp(['UNREACHABLE', 'UNREACHABLE', 'UNREACHABLE']);
    expect(await codeOfAsync(run(1))).toBe('UNREACHABLE');
    expect(tried()).toBe(2);
  });

  it.each(['TIMEOUT', 'ATTESTATION_SIGNATURE', 'EGRESS_BLOCKED', 'USAGE'] as const)(
    'is not done after %s',
    async (code) => {
      const { run, tried } = setUp([code]);
      expect(await codeOfAsync(run(5))).toBe(code);
      expect(tried()).toBe(1);
    },
  );

  it('ends with its signal', async () => {
    const { run, tried } = setUp(['UNREACHABLE'], AbortSignal.abort());
    expect(await codeOfAsync(run(5))).toBe('UNREACHABLE');
    expect(tried()).toBe(1);
    const controller = new AbortController();
    const stopped = retrying(
      {
        retries: 5,
        signal: controller.signal,
        sleep: async () => Promise.reject(new Error('aborted')),
      },
      async () => Promise.reject(new NmpError('UNREACHABLE')),
    );
    expect(await codeOfAsync(stopped)).toBe('TIMEOUT');
  });
});
