/**
 * Takes the defences of SECURITY.md away, one at a time in a copy, and runs the test that its row
 * names: it must fail. Usage: node scripts/mutation/remove-defences.ts [START OF THREAT] [--json].
 * Exit 1 if a test passes without its defence. Rows without a change are listed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DEFENCES, type Defence } from './defences.ts';
import { createWorkspace } from './workspace.ts';

const TIMEOUT_MS = 300_000;
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false } },
});
const [only = ''] = positionals;
const root = resolve(import.meta.dirname, '..', '..');
const workspace = createWorkspace();
process.once('exit', workspace.remove);
process.once('SIGINT', () => process.exit(130));

/** A file of tests, or a folder of them. */
function pathOf({ test, within }: Defence): string {
  const named = within === undefined ? test : `${test}/${within}`;
  const file = `test/${named}.test.ts`;
  return existsSync(join(root, file)) ? file : `test/${named}/`;
}

const wanted = DEFENCES.filter(({ threat }) => threat.startsWith(only));
const whole = new Map<string, boolean>();
const results: { threat: string; test: string; file: string; noticed: boolean }[] = [];
for (const defence of wanted) {
  const { threat, file, from, to, test } = defence;
  const crate = test.startsWith('native/');
  const path = crate ? test : pathOf(defence);
  // A test that fails anyway would notice everything.
  if (!whole.has(path)) {
    const asIs = crate
      ? workspace.cargoTest(test, TIMEOUT_MS)
      : await workspace.run([path], TIMEOUT_MS);
    whole.set(path, asIs === 'passed');
  }
  const source = workspace.read(file);
  if (source.split(from).length !== 2) throw new Error(`${file}: not once: ${from}`);
  const text = source.replace(from, () => to);
  const outcome = crate
    ? workspace.cargoTest(test, TIMEOUT_MS, { file, text })
    : await workspace[file.startsWith('native/') ? 'tryNative' : 'tryWith'](
        file,
        text,
        [path],
        TIMEOUT_MS,
      );
  const noticed = whole.get(path) === true && outcome === 'failed';
  results.push({ threat, test, file, noticed });
  const word = whole.get(path) !== true ? 'TEST FAILS ANYWAY' : noticed ? 'noticed' : 'NOT NOTICED';
  process.stderr.write(`${word} by ${test}: ${threat} (${file})\n`);
}
const rows = readFileSync(join(root, 'SECURITY.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| it |'))
  .map((line) => line.split('|')[1]?.trim() ?? '');
const without = rows.filter((row) => !DEFENCES.some(({ threat }) => row.startsWith(threat)));
const noticed = results.filter((result) => result.noticed).length;
if (options.json)
  process.stdout.write(`${JSON.stringify({ rows: rows.length, results, without })}\n`);
else {
  process.stdout.write(
    `${noticed} of ${results.length} removals noticed; ${rows.length - without.length} of ${rows.length} rows have one. Without:\n`,
  );
  for (const row of without) process.stdout.write(`- ${row}\n`);
}
process.exit(noticed === results.length ? 0 : 1);
