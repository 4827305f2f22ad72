/**
 * Mutation score of a room from a seeded sample. Usage: node scripts/mutation/main.ts ROOM
 * [--sample 120] [--seed 1] [--least 0] [--slow] [--confirm 0] [--minutes 60] [--json]. Without --slow the tests that
 * take minutes are left out, and the score is a lower bound yet. With --confirm so many of the noticed
 * ones are made anew in a copy of the sources, and must fail plain runs of the tests. Survivors are
 * listed in build/mutation-ROOM.json. After so many minutes the rest of the sample is left out, which
 * is in no order of its own; exit 1 if the score is below --least per cent.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { seeded } from '../load/stats.ts';
import type { Numbered } from './instrument.ts';
import { createJudge } from './judge.ts';
import { apply, interval, type Mutant, mutants } from './mutants.ts';
import { importedBy, ROOMS, sourcesOf, testsOf } from './rooms.ts';
import { createWorkspace } from './workspace.ts';

/** A test that takes longer is repeated only for what the others leave alive. */
const QUICK_MS = 150;
const SLOW_MS = 5_000;
const CONFIRM_MS = 600_000;

const option = (fallback: string) => ({ type: 'string', default: fallback }) as const;
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: option('120'),
    seed: option('1'),
    least: option('0'),
    confirm: option('0'),
    minutes: option('60'),
    slow: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const [name = ''] = positionals;
const room = ROOMS[name];
if (room === undefined) {
  process.stderr.write(`rooms: ${Object.keys(ROOMS).join(', ')}\n`);
  process.exit(2);
}
const root = resolve(import.meta.dirname, '..', '..');
const texts = new Map(
  sourcesOf(room, root).map((file) => [file, readFileSync(join(root, file), 'utf8')]),
);
const all = [...texts].flatMap(([file, text]) => mutants(text).map((mutant) => ({ file, mutant })));

/** Shuffled by the seed: the first n are a sample without putting back. */
const random = seeded(Number(options.seed));
const sample = all
  .map((one) => ({ one, key: random() }))
  .sort((a, b) => a.key - b.key)
  .slice(0, Number(options.sample))
  .map(({ one }, index) => ({ ...one, id: index + 1 }));
const files: Record<string, Numbered[]> = {};
for (const { file, id, mutant } of sample) {
  files[file] ??= [];
  files[file].push({ id, mutant });
}

const tests = testsOf(room, root, options.slow);
const closures = new Map(tests.map((test) => [test, importedBy(test, root)]));
const reaching = (wanted: readonly { readonly file: string }[]) =>
  tests.filter((test) => wanted.some(({ file }) => closures.get(test)?.has(file)));

const started = performance.now();
const judge = createJudge(files);
process.once('exit', judge.remove);
process.once('SIGINT', () => process.exit(130));
const say = (text: string) => void process.stderr.write(`${text}\n`);
const ids = sample.map(({ id }) => id);
const killedNow = () => ids.filter((id) => judge.fateOf(id).killed).length;
await judge.judge(ids, reaching(sample), QUICK_MS);
say(`quick tests: ${killedNow()} of ${sample.length}`);
const slowed = sample.filter(({ id }) => judge.slowed(id));
if (slowed.length > 0) {
  await judge.judge(
    slowed.map(({ id }) => id),
    reaching(slowed),
    SLOW_MS,
  );
  say(`longer tests: ${killedNow()}`);
}
let judgedCount = 0;
for (const one of sample) {
  if (judge.unsettled(one.id)) {
    if (performance.now() - started > Number(options.minutes) * 60_000) break;
    await judge.judgeApart(one.id, reaching([one]));
  }
  judgedCount++;
}
const judged = sample.slice(0, judgedCount);

/** Noticed ones that plain runs in a copy do not notice. */
async function unconfirmed(count: number) {
  if (count === 0) return [];
  const workspace = createWorkspace();
  process.once('exit', workspace.remove);
  const wrong: Drawn[] = [];
  for (const one of judged.filter(({ id }) => judge.fateOf(id).killed).slice(0, count)) {
    const text = apply(workspace.read(one.file), one.mutant);
    const outcome = await workspace.tryWith(one.file, text, reaching([one]), CONFIRM_MS);
    say(`${outcome === 'passed' ? 'NOT CONFIRMED' : 'confirmed'} ${shown(one).place}`);
    if (outcome === 'passed') wrong.push(one);
  }
  return wrong;
}

interface Drawn {
  readonly file: string;
  readonly id: number;
  readonly mutant: Mutant;
}

function shown({ file, id, mutant }: Drawn) {
  const source = texts.get(file) ?? '';
  const line = source.slice(0, mutant.start).split('\n').length;
  const was = source.slice(mutant.start, mutant.end).replace(/\s+/g, ' ').slice(0, 80);
  return { place: `${file}:${line}`, kind: mutant.kind, was, how: judge.fateOf(id).how };
}
const survivors = judged.filter(({ id }) => !judge.fateOf(id).killed).map(shown);
for (const { place, kind, was, how } of survivors)
  say(`SURVIVED ${place} ${kind}: ${was} (${how})`);
const killed = judged.length - survivors.length;
const [low, high] = interval(killed, judged.length);
const score = (100 * killed) / judged.length;
const report = {
  room: name,
  seed: Number(options.seed),
  mutants: all.length,
  sampled: judged.length,
  killed,
  score: Number(score.toFixed(1)),
  interval: [Number(low.toFixed(1)), Number(high.toFixed(1))],
  survivors,
  confirmed: Number(options.confirm),
  unconfirmed: (await unconfirmed(Number(options.confirm))).map(shown),
};
mkdirSync(join(root, 'build'), { recursive: true });
writeFileSync(join(root, 'build', `mutation-${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
process.stdout.write(
  options.json
    ? `${JSON.stringify(report)}\n`
    : `${name}: ${killed} of ${judged.length} sampled mutants (of ${all.length}) killed, ${report.score} % (95 %: ${report.interval.join('–')} %)\n`,
);
process.exit(score < Number(options.least) || report.unconfirmed.length > 0 ? 1 : 0);
