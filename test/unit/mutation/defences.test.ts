/** That the removals can be made at all; `make defences` runs each with its test. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DEFENCES } from '../../../scripts/mutation/defences.ts';

const root = join(import.meta.dirname, '../../..');
const rows = readFileSync(join(root, 'SECURITY.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '));

it.each(DEFENCES)('$threat: $file', ({ threat, file, from, to, test, within }) => {
  const source = readFileSync(join(root, file), 'utf8');
  expect(source.split(from)).toHaveLength(2);
  expect(to).not.toBe(from);
  const row = rows.find((line) => line.startsWith(`| ${threat}`));
  expect(row).toContain(`\`${test}\``);
  const path = join(root, test.startsWith('native/') ? '' : 'test', test, within ?? '');
  expect(existsSync(`${path.replace(/\/$/, '')}.test.ts`) || existsSync(path)).toBe(true);
});
