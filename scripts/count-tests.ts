/** Adds up the counts of vitest (JSON) and cargo test (text) and prints them as one closing line. */
import { readFileSync } from 'node:fs';

const [vitestFile, cargoFile] = process.argv.slice(2);
if (vitestFile === undefined || cargoFile === undefined) throw new Error('two files expected');

const vitest: unknown = JSON.parse(readFileSync(vitestFile, 'utf8'));
function count(name: string): number {
  const value = typeof vitest === 'object' && vitest !== null ? Reflect.get(vitest, name) : 0;
  return typeof value === 'number' ? value : 0;
}

/** A file that throws before its first test has no failed test; a suite of failed tests is no more of them. */
function filesThatDidNotLoad(): number {
  const files = typeof vitest === 'object' && vitest !== null && Reflect.get(vitest, 'testResults');
  if (!Array.isArray(files)) return 0;
  return files.filter(
    ({ status, assertionResults }: { status: string; assertionResults: { status: string }[] }) =>
      status === 'failed' && !assertionResults.some((one) => one.status === 'failed'),
  ).length;
}

let passed = count('numPassedTests');
let failed = count('numFailedTests') + filesThatDidNotLoad();
let skipped = count('numPendingTests') + count('numTodoTests');
for (const [, ok, bad, ignored] of readFileSync(cargoFile, 'utf8').matchAll(
  /test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/g,
)) {
  passed += Number(ok);
  failed += Number(bad);
  skipped += Number(ignored);
}
// A run in which nothing ran has failed.
if (passed === 0) failed += 1;
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
process.exitCode = failed === 0 ? 0 : 1;
