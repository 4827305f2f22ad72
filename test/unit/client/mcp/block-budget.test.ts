import { describe, expect, it } from 'vitest';
import { BlockBudget, bucketOf, HOUR_MS } from '../../../../client/mcp/block-budget.ts';
import { ManualClock } from '../../../support/clock.ts';

const limits = { perLogic: 3, perCapability: 5, quarantineMs: 24 * HOUR_MS };

function setUp() {
  const clock = new ManualClock();
  return { clock, budget: new BlockBudget(clock, limits) };
}

describe('the block budget', () => {
  it('says how often in three steps only', () => {
    expect([0, 1, 2, 9, 10, 500].map(bucketOf)).toEqual(['1', '1', '2-9', '2-9', '10+', '10+']);
  });

  it('quarantines logic that was blocked too often, until its time is over', () => {
    const { clock, budget } = setUp();
    const spender = { logic: 'a', capability: 'c' };
    for (let i = 0; i < 3; i++) {
      expect(budget.allows(spender)).toBe(true);
      budget.block(spender);
    }
    expect(budget.allows(spender)).toBe(false);
    expect(budget.allows({ logic: 'b', capability: 'c' })).toBe(true);
    clock.advance(limits.quarantineMs - 1);
    expect(budget.allows(spender)).toBe(false);
    clock.advance(1);
    expect(budget.allows(spender)).toBe(true);
  });

  it('forgets blocks of more than an hour ago', () => {
    const { clock, budget } = setUp();
    const spender = { logic: 'a', capability: 'c' };
    budget.block(spender);
    budget.block(spender);
    clock.advance(HOUR_MS + 1);
    expect(budget.block(spender)).toBe('1');
    expect(budget.allows(spender)).toBe(true);
  });

  it('bounds a capability too: changing a byte of the module does not help', () => {
    const { clock, budget } = setUp();
    for (let i = 0; i < 5; i++) budget.block({ logic: `variant ${i}`, capability: 'c' });
    expect(budget.allows({ logic: 'one more variant', capability: 'c' })).toBe(false);
    expect(budget.allows({ logic: 'one more variant', capability: 'other' })).toBe(true);
    clock.advance(HOUR_MS + 1);
    expect(budget.allows({ logic: 'one more variant', capability: 'c' })).toBe(true);
  });
});
