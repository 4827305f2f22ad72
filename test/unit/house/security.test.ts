import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..');

describe('SECURITY.md', () => {
  it('names, for every threat, a test that exists', () => {
    const rows = readFileSync(join(root, 'SECURITY.md'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| ') && !/^\| (it|-)/.test(line));
    expect(rows.length).toBeGreaterThan(15);
    for (const row of rows) {
      const tests = [...row.matchAll(/`((?:unit|e2e|fuzz)\/[a-z/-]+)`/g)].map((match) => match[1]);
      expect(tests.length, row).toBeGreaterThan(0);
      for (const test of tests) {
        const found = globSync([`test/${test}.test.ts`, `test/${test}/**/*.test.ts`], {
          cwd: root,
        });
        expect(found.length, `${test} in ${row}`).toBeGreaterThan(0);
      }
    }
  });
});
