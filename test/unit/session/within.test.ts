import { afterEach, describe, expect, it, vi } from 'vitest';
import { within } from '../../../enclave/session/within.ts';

afterEach(() => void vi.useRealTimers());

/** Ends with the reason of its signal. */
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });

describe('an action within a time', () => {
  it('is aborted when its time is over, and not before', async () => {
    vi.useFakeTimers();
    const ended = vi.fn();
    const run = within(new AbortController().signal, 100, untilAborted).catch(ended);
    await vi.advanceTimersByTimeAsync(99);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await run;
    expect(ended.mock.calls[0]?.[0]).toMatchObject({ name: 'TimeoutError' });
  });

  it('ends with the outer signal and its reason, also where that fired before', async () => {
    const outer = new AbortController();
    const run = within(outer.signal, 60_000, untilAborted);
    outer.abort('gone');
    await expect(run).rejects.toBe('gone');
    await expect(within(outer.signal, 60_000, untilAborted)).rejects.toBe('gone');
  });

  it('leaves no timer and no listener, however it ends', async () => {
    vi.useFakeTimers();
    const outer = new AbortController();
    const added = vi.spyOn(outer.signal, 'addEventListener');
    const removed = vi.spyOn(outer.signal, 'removeEventListener');
    expect(await within(outer.signal, 100, async () => 7)).toBe(7);
    await expect(within(outer.signal, 100, () => Promise.reject(new Error('no')))).rejects.toThrow(
      'no',
    );
    expect(vi.getTimerCount()).toBe(0);
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(
      added.mock.calls.map(([, listener]) => listener),
    );
  });
});
