import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFENCES } from '../../../scripts/mutation/defences.ts';

const root = join(import.meta.dirname, '..', '..', '..');

const text = readFileSync(join(root, 'SECURITY.md'), 'utf8');
const rows = text
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (it|-)/.test(line))
  .map((row) => ({
    row,
    threat: row.split('|')[1]?.trim() ?? '',
    tests: [...row.matchAll(/`((?:unit|e2e|fuzz|native)\/[a-z/-]+)`/g)].map(
      (match) => match[1] ?? '',
    ),
  }));

describe('SECURITY.md', () => {
  it('names, for every threat, a test that exists', () => {
    expect(rows.length).toBeGreaterThan(15);
    for (const { row, tests } of rows) {
      expect(tests.length, row).toBeGreaterThan(0);
      for (const test of tests) {
        const found = globSync(
          test.startsWith('native/')
            ? `${test}/tests/*.rs`
            : [`test/${test}.test.ts`, `test/${test}/**/*.test.ts`],
          { cwd: root },
        );
        expect(found.length, `${test} in ${row}`).toBeGreaterThan(0);
      }
    }
  });

  it('has, for every threat, a defence that `make defences` takes away', () => {
    for (const { threat } of rows) {
      const taken = DEFENCES.some((defence) => threat.startsWith(defence.threat));
      expect(taken, threat).toBe(true);
    }
    expect(text).toContain(`\`make defences\` takes ${DEFENCES.length} of them away`);
  });
});
