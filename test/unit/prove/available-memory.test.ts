import { freemem, totalmem } from 'node:os';
import { afterEach, expect, it, vi } from 'vitest';
import { availableMemory } from '../../../enclave/prove/available-memory.ts';

afterEach(() => vi.restoreAllMocks());

it('is what is free on a kernel without control groups, of which Node says 0', () => {
  vi.spyOn(process, 'constrainedMemory').mockReturnValue(0);
  vi.spyOn(process, 'availableMemory').mockReturnValue(0);
  const free = freemem();
  expect(availableMemory()).toBeGreaterThan(free / 2);
  expect(availableMemory()).toBeLessThanOrEqual(totalmem());
});

it('is what a control group leaves, down to nothing', () => {
  vi.spyOn(process, 'constrainedMemory').mockReturnValue(1_000_000);
  vi.spyOn(process, 'availableMemory').mockReturnValue(0);
  expect(availableMemory()).toBe(0);
});
