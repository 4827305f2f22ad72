/**
 * Scores the egress filter's scanner on the generated corpus.
 * Usage: node scripts/egress-score.ts [--seed N] [--scale X] [--misses] [--write FILE]
 * `--write` keeps the samples as JSON lines, for `nmp scan` and for other scanners.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadScanner } from '../enclave/egress/scanner.ts';
import { corpus, type Sample } from '../test/egress-corpus/generate.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    scale: { type: 'string', default: '1' },
    misses: { type: 'boolean', default: false },
    write: { type: 'string' },
  },
});
const { samples, table } = corpus(Number(values.seed), Number(values.scale));
const scanner = loadScanner();
const cells = table.flatMap((row, at) =>
  Object.values(row).map((cell) => [String(cell), at] as const),
);
const index = scanner.indexCells(
  cells.map(([cell]) => cell),
  Uint32Array.from(cells, ([, at]) => at),
);

const tally = new Map<string, { n: number; blocked: number }>();
const wrong = new Map<string, { count: number; example: string }>();
const harmless = new Set(['benign', 'figure']);
const took: number[] = [];

function note(sample: Sample, blocked: boolean, why: string): void {
  const line = tally.get(sample.tier) ?? { n: 0, blocked: 0 };
  tally.set(sample.tier, { n: line.n + 1, blocked: line.blocked + Number(blocked) });
  if (blocked !== harmless.has(sample.tier)) return;
  for (const key of [
    `${sample.tier} type ${sample.type}`,
    `${sample.tier} way ${sample.way.split(' > ')[0]}`,
  ]) {
    const seen = wrong.get(key) ?? {
      count: 0,
      example: `${sample.way} ${why} ${sample.body.toString().slice(0, 220)}`,
    };
    wrong.set(key, { ...seen, count: seen.count + 1 });
  }
}

for (const sample of samples) {
  const started = performance.now();
  const { findings, undecodable } = scanner.scan(sample.body, [], [index]);
  took.push(performance.now() - started);
  note(
    sample,
    undecodable || findings.length > 0,
    findings
      .map((f) => f.rule)
      .slice(0, 3)
      .join(),
  );
}
for (const [tier, { n, blocked }] of tally) {
  process.stdout.write(
    `${tier.padEnd(10)} ${String(blocked).padStart(5)} of ${n} blocked = ${((100 * blocked) / n).toFixed(2)} %\n`,
  );
}
const sorted = took.sort((a, b) => a - b);
process.stdout.write(
  `median ${sorted[sorted.length >> 1]?.toFixed(3)} ms, most ${sorted.at(-1)?.toFixed(1)} ms\n`,
);
if (values.misses) {
  for (const [key, { count, example }] of [...wrong].sort((a, b) => b[1].count - a[1].count)) {
    process.stdout.write(
      `${String(count).padStart(4)} ${key}\n       ${example.replaceAll('\n', '⏎')}\n`,
    );
  }
}
if (values.write !== undefined) {
  const lines = samples.map(({ tier, type, way, body }, id) =>
    JSON.stringify({ id: `${id}`, tier, type, way, body_b64: body.toString('base64') }),
  );
  writeFileSync(values.write, `${lines.join('\n')}\n`);
  writeFileSync(`${values.write}.table`, table.map((row) => `${JSON.stringify(row)}\n`).join(''));
}
