/**
 * Runs the benchmarks and writes build/bench.json. Usage: node test/bench/run.ts [AREA]
 * Figures are medians; absolute times are this machine's and this hour's, ratios are what to quote.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Curve, Row } from './row.ts';

/** A file measures figures, growth, or both. */
interface Bench {
  readonly run?: () => Promise<readonly Row[]>;
  readonly growth?: () => Promise<Curve>;
}

const only = process.argv[2];
const here = import.meta.dirname;
const rows: Row[] = [];
const curves: Curve[] = [];
const files = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.bench.ts'))
  .filter((file) => only === undefined || file.startsWith(`${only}/`))
  .sort();

for (const file of files) {
  process.stderr.write(`· ${file}\n`);
  const bench: Bench = await import(join(here, file));
  for (const row of (await bench.run?.()) ?? []) {
    rows.push(row);
    const peer = row.peer === undefined ? '' : `  (${row.ratio?.toFixed(2)} × ${row.peer})`;
    process.stderr.write(
      `  ${row.name.padEnd(48)} ${row.value.toPrecision(4)} ${row.unit}${peer}\n`,
    );
  }
  const curve = await bench.growth?.();
  if (curve === undefined) continue;
  curves.push(curve);
  for (const [x, y] of curve.points) process.stderr.write(`  ${x} → ${y.toPrecision(4)}\n`);
}
const build = join(here, '..', '..', 'build');
mkdirSync(build, { recursive: true });
writeFileSync(join(build, 'bench.json'), `${JSON.stringify({ rows, curves }, null, 2)}\n`);
process.stderr.write(`${rows.length} figures, ${curves.length} curves in build/bench.json\n`);
process.exit(files.length === 0 ? 2 : 0);
