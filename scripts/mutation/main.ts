/**
 * Mutation score of a room from a seeded sample. Usage: node scripts/mutation/main.ts ROOM
 * [--sample 60] [--seed 1] [--least 0] [--minutes 15] [--quick] [--json]. With --quick the
 * slow tests are left out, and the score is a lower bound yet. Survivors are listed in
 * build/mutation-ROOM.json; exit 1 if the score's upper end (95 %) is below --least per cent.
 */
import { globSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { seeded } from '../load/stats.ts';
import { apply, interval, type Mutant, mutants } from './mutants.ts';
import { createWorkspace } from './workspace.ts';

interface Room {
  readonly sources: string;
  /** Run first and together: a second or two, and most mutants die of them. */
  readonly quick: readonly string[];
  /** Run for what survives the quick ones; may be none. */
  readonly slow: readonly string[];
}

const GUARDIAN = 'authority cli component corpus create fuel policy real testsuite'.split(' ');
const ROOMS: Readonly<Record<string, Room>> = {
  attestation: {
    sources: 'shared/attestation/*.ts',
    quick: ['adversary/', 'cache-and-anchor', 'ear', 'report'].map(
      (name) => `test/unit/attestation/${name}`,
    ),
    slow: ['property', 'genuine', 'cross-check'].map((name) => `test/unit/attestation/${name}`),
  },
  guardian: {
    sources: 'enclave/guardian/*.ts',
    quick: GUARDIAN.map((name) => `test/unit/guardian/${name}`),
    slow: ['test/unit/guardian/generated'],
  },
  egress: { sources: 'enclave/egress/**/*.ts', quick: ['test/unit/egress'], slow: [] },
  wire: {
    sources: 'shared/wire/*.ts',
    quick: ['test/unit/wire'],
    slow: ['test/unit/session', 'test/unit/boot', 'test/fuzz/parsers.test.ts'],
  },
};

const option = (fallback: string) => ({ type: 'string', default: fallback }) as const;
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: option('60'),
    seed: option('1'),
    least: option('0'),
    minutes: option('15'),
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const [name = ''] = positionals;
const room = ROOMS[name];
if (room === undefined) {
  process.stderr.write(`rooms: ${Object.keys(ROOMS).join(', ')}\n`);
  process.exit(2);
}
const slow = options.quick ? [] : room.slow;
const root = resolve(import.meta.dirname, '..', '..');
const workspace = createWorkspace();
process.once('exit', workspace.remove);
process.once('SIGINT', () => process.exit(130));
const all = globSync(room.sources, { cwd: workspace.root })
  .filter((file) => !file.endsWith('.d.ts'))
  .sort()
  .flatMap((file) => mutants(workspace.read(file)).map((mutant) => ({ file, mutant })));

/** Shuffled by the seed: the first n are a sample without putting back. */
const random = seeded(Number(options.seed));
const order = all
  .map((one) => ({ one, key: random() }))
  .sort((a, b) => a.key - b.key)
  .map(({ one }) => one);

const started = performance.now();
if ((await workspace.run([...room.quick, ...slow], 600_000)) !== 'passed') {
  process.stderr.write('the tests fail without any mutant\n');
  process.exit(2);
}
const timeoutMs = 3 * (performance.now() - started) + 20_000;

interface Judged {
  readonly place: string;
  readonly kind: string;
  readonly was: string;
  readonly killed: boolean;
}
const judged: Judged[] = [];
async function judge(file: string, mutant: Mutant): Promise<Judged> {
  const source = workspace.read(file);
  const text = apply(source, mutant);
  const kills = async (tests: readonly string[]) =>
    tests.length > 0 && (await workspace.tryWith(file, text, tests, timeoutMs)) !== 'passed';
  const killed = (await kills(room?.quick ?? [])) || (await kills(slow));
  const line = source.slice(0, mutant.start).split('\n').length;
  const was = source.slice(mutant.start, mutant.end).replace(/\s+/g, ' ').slice(0, 80);
  return { place: `${file}:${line}`, kind: mutant.kind, was, killed };
}
for (const { file, mutant } of order.slice(0, Number(options.sample))) {
  if (performance.now() - started > Number(options.minutes) * 60_000) break;
  const result = await judge(file, mutant);
  judged.push(result);
  process.stderr.write(
    `${result.killed ? 'killed  ' : 'SURVIVED'} ${result.place} ${result.kind}: ${result.was}\n`,
  );
}
const killed = judged.filter((one) => one.killed).length;
const [low, high] = interval(killed, judged.length);
const report = {
  room: name,
  seed: Number(options.seed),
  mutants: all.length,
  sampled: judged.length,
  killed,
  score: Number(((100 * killed) / judged.length).toFixed(1)),
  interval: [Number(low.toFixed(1)), Number(high.toFixed(1))],
  survivors: judged.filter((one) => !one.killed),
};
mkdirSync(join(root, 'build'), { recursive: true });
writeFileSync(join(root, 'build', `mutation-${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
process.stdout.write(
  options.json
    ? `${JSON.stringify(report)}\n`
    : `${name}: ${killed} of ${judged.length} sampled mutants (of ${all.length}) killed, ${report.score} % (95 %: ${report.interval.join('–')} %)\n`,
);
process.exit(high < Number(options.least) ? 1 : 0);
