import { describe, expect, it } from 'vitest';
import { createGuardian } from '../../../enclave/guardian/create-guardian.ts';
import { memoryNeeded } from '../../../enclave/guardian/guardian.ts';
import { DEFAULT_POLICY } from '../../../enclave/guardian/policy.ts';
import { constantModule, growingModule } from '../../support/modules.ts';
import { authority } from './authority.ts';

const LIMIT = 50 * 1024 * 1024;
const guardian = createGuardian({ authority }, { policy: DEFAULT_POLICY });
const needed = (module: Uint8Array, limit = LIMIT) =>
  memoryNeeded(guardian.judge(module, { capabilities: [] }), limit);

describe('the memory that a run may take', () => {
  it('is what the module starts with if nothing in it grows memory, and never above the limit', () => {
    expect(needed(constantModule('{"n":1}'))).toBe(2 * 65_536);
    expect(needed(constantModule('{"n":1}'), 70_000)).toBe(70_000);
  });

  it('is the limit where memory grows, and where nothing is known', () => {
    expect(needed(growingModule(1))).toBe(LIMIT);
    expect(needed(Uint8Array.of(0, 97, 115, 109))).toBe(LIMIT);
  });
});
