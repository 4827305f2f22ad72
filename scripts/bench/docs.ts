/**
 * Takes build/bench.json and bench-curves.json into docs/benchmarks.json (areas that were not run keep their figures) and
 * writes docs/benchmarks.md and its plots. Usage: node scripts/bench/docs.ts
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Curve, Row } from '../../test/bench/row.ts';
import { AREAS, type Measured, page, unexplained } from './page.ts';
import { plot } from './plot.ts';

const root = join(import.meta.dirname, '..', '..');
const docs = (name: string) => join(root, 'docs', name);
const file = docs('benchmarks.json');
const built = (name: string) => JSON.parse(readFileSync(join(root, 'build', name), 'utf8'));
const fresh: { readonly rows: readonly Row[]; readonly curves: readonly Curve[] } = {
  rows: built('bench.json'),
  curves: built('bench-curves.json'),
};
const before: Measured = existsSync(file)
  ? JSON.parse(readFileSync(file, 'utf8'))
  : { runs: {}, rows: [], curves: [] };

const round = (value: number) => Number(value.toPrecision(4));
const areas = new Set([...fresh.rows, ...fresh.curves].map(({ area }) => area));
const day = new Date().toISOString().slice(0, 10);
const run = `${day}, ${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.versions.node}`;
const order = (area: Row['area']) => AREAS.findIndex(([name]) => name === area);
const merge = <T extends { readonly area: Row['area'] }>(old: readonly T[], now: readonly T[]) =>
  [...old.filter(({ area }) => !areas.has(area)), ...now].sort(
    (a, b) => order(a.area) - order(b.area),
  );
const measured: Measured = {
  runs: { ...before.runs, ...Object.fromEntries([...areas].map((area) => [area, run])) },
  rows: merge(
    before.rows,
    fresh.rows.map(({ value, ratio, ...row }) => ({
      ...row,
      value: round(value),
      ...(ratio === undefined ? {} : { ratio: round(ratio) }),
    })),
  ),
  curves: merge(
    before.curves,
    fresh.curves.map((curve) => ({
      ...curve,
      points: curve.points.map(([x, y]) => [x, round(y)] as const),
    })),
  ),
};
writeFileSync(file, `${JSON.stringify(measured, null, 2)}\n`);
writeFileSync(docs('benchmarks.md'), page(measured));
for (const curve of measured.curves) writeFileSync(docs(`benchmarks-${curve.id}.svg`), plot(curve));
for (const { name, peer } of unexplained(measured.rows)) {
  process.stderr.write(`no reason in scripts/bench/goals.ts: ${name}, ${peer ?? 'goal'}\n`);
}
process.stderr.write(`docs/benchmarks.md: ${measured.rows.length} figures\n`);
