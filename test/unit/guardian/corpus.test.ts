import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createGuardian } from '../../../enclave/guardian/create-guardian.ts';
import { DEFAULT_POLICY } from '../../../enclave/guardian/policy.ts';
import { authority } from './authority.ts';
import { CORPUS } from './corpus/all.ts';
import { corpusFile } from './corpus/file.ts';

describe.each(Object.entries(CORPUS))('%s', (_, cases) => {
  it.each(cases.map((one) => [one.name, one] as const))('%s', (_, one) => {
    const guardian = createGuardian(
      { authority },
      { policy: { ...DEFAULT_POLICY, ...one.policy } },
    );
    const verdict = guardian.judge(one.wasm, one.manifest ?? { capabilities: [] });
    expect(verdict.reasons).toEqual([...one.reasons].sort());
    expect(verdict.verdict).toBe(one.reasons.length === 0 ? 'accept' : 'reject');
    expect(verdict.flags).toEqual(expect.arrayContaining([...(one.flags ?? [])]));
    for (const flag of one.notFlags ?? []) expect(verdict.flags).not.toContain(flag);
  });
});

it('has at least 150 cases of its own beside the table of preview 1', () => {
  const { 'preview 1': table, ...own } = CORPUS;
  expect(table?.length).toBe(46 * 3);
  expect(Object.values(own).flat().length).toBeGreaterThanOrEqual(150);
});

it('is what test/vectors/guardian/cases.json holds', () => {
  const file = join(import.meta.dirname, '..', '..', 'vectors', 'guardian', 'cases.json');
  // Written by scripts/guardian/vectors.ts.
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(corpusFile()));
});
