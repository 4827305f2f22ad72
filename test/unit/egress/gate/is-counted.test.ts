import { expect, it } from 'vitest';
import { isCounted } from '../../../../enclave/egress/gate/gate.ts';

it.each([
  { quotaBits: 1 },
  { clientQuotaBits: 1 },
  { blocksBeforeQuarantine: 1 },
  { canaries: ['Zebedee Quillfeather'] },
])('a policy with nothing but %j needs a ledger', (policy) => {
  expect(isCounted(policy)).toBe(true);
});

it('a policy that counts nothing needs none', () => {
  expect(isCounted({})).toBe(false);
  expect(isCounted({ minimumGroup: 11, restrictedKeys: ['ward'] })).toBe(false);
});
