/**
 * node test/sim/main.ts [--seeds N] [--first N] [--faults A,B] [--plant BUG] [--json]: runs seeds,
 * prints each violation with what replays it, and closes with a line of counts (with --json: one
 * object). `--faults` has every seed meet these instead of those that it draws. Exit code 1 if an
 * invariant was broken.
 */
import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { FAULTS } from './faults.ts';
import { PLANT_NAMES, plant, standInForSeals } from './plants.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    first: { type: 'string', default: '1' },
    plant: { type: 'string' },
    faults: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const planted = PLANT_NAMES.find((name) => name === values.plant);
if (values.plant !== undefined && planted === undefined) {
  process.stderr.write(`--plant takes one of ${PLANT_NAMES.join(', ')}\n`);
  process.exit(2);
}
const only = values.faults?.split(',').map((name) => FAULTS.find((fault) => fault === name));
if (only?.includes(undefined)) {
  process.stderr.write(`--faults takes some of ${FAULTS.join(', ')}\n`);
  process.exit(2);
}
standInForSeals();
if (planted !== undefined) plant(planted);
// Loaded only now: the planted bug must be in what these import.
const { createEnclaves } = await import('./enclave.ts');
const { runSeed } = await import('./run-seed.ts');

const seeds = Number(values.seeds);
const first = Number(values.first);
if (!Number.isSafeInteger(seeds) || !Number.isSafeInteger(first) || seeds < 1) {
  process.stderr.write('--seeds and --first take whole numbers\n');
  process.exit(2);
}
const PROGRESS_SEEDS = 5000;
const enclaves = await createEnclaves();
const replayed = values.faults === undefined ? '' : ` --faults ${values.faults}`;
const broken: { seed: number; faults: readonly string[]; violations: readonly string[] }[] = [];
const ends = new Map<string, number>();
const starts = new Map<string, number>();
const faults = new Set<string>();
const digest = createHash('sha256');
for (let seed = first; seed < first + seeds; seed++) {
  const result = await runSeed(
    seed,
    enclaves,
    only?.filter((fault) => fault !== undefined),
  );
  digest.update(result.digest);
  for (const end of result.ends) ends.set(end, (ends.get(end) ?? 0) + 1);
  for (const end of result.starts) starts.set(end, (starts.get(end) ?? 0) + 1);
  for (const fault of result.faults) faults.add(fault);
  const run = seed - first + 1;
  if (run % PROGRESS_SEEDS === 0 && run < seeds) {
    process.stderr.write(`${run} of ${seeds} seeds, ${broken.length} failed\n`);
  }
  if (result.violations.length === 0) continue;
  const violations = [...new Set(result.violations)];
  broken.push({ seed, faults: result.faults, violations });
  process.stderr.write(
    `seed ${seed} (${result.faults.join(' + ') || 'no fault'}): ${violations.join('; ')}\n` +
      `  replay: node test/sim/main.ts --first ${seed} --seeds 1${replayed}\n`,
  );
}
const sorted = (of: ReadonlyMap<string, number>) =>
  Object.fromEntries([...of].sort(([, a], [, b]) => b - a));
const counts = { ends: sorted(ends), starts: sorted(starts) };
if (values.json) {
  const summary = { seeds, first, broken, ...counts, digest: digest.digest('hex') };
  process.stdout.write(`${JSON.stringify(summary)}\n`);
} else {
  const show = (title: string, of: Readonly<Record<string, number>>) => {
    process.stdout.write(`${title}:\n`);
    for (const [end, count] of Object.entries(of)) {
      process.stdout.write(`  ${String(count).padStart(7)}  ${end}\n`);
    }
  };
  show(`how ${seeds} seeds under ${faults.size} kinds of fault ended their calls`, counts.ends);
  show('and the starts of their enclaves', counts.starts);
  process.stdout.write(`${seeds - broken.length} passed, ${broken.length} failed, 0 skipped\n`);
}
process.exitCode = broken.length === 0 ? 0 : 1;
