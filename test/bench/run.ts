/**
 * Runs the benchmarks and writes build/bench.json. Usage: node test/bench/run.ts [AREA]
 * Figures are medians; absolute times are this machine's and this hour's, ratios are what to quote.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from './row.ts';

const only = process.argv[2];
const here = import.meta.dirname;
const rows: Row[] = [];
const files = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.bench.ts'))
  .filter((file) => only === undefined || file.startsWith(`${only}/`))
  .sort();

for (const file of files) {
  process.stderr.write(`· ${file}\n`);
  const module: { run(): Promise<Row[]> } = await import(join(here, file));
  for (const row of await module.run()) {
    rows.push(row);
    const peer = row.peer === undefined ? '' : `  (${row.ratio?.toFixed(2)} × ${row.peer})`;
    process.stderr.write(
      `  ${row.name.padEnd(48)} ${row.value.toPrecision(4)} ${row.unit}${peer}\n`,
    );
  }
}
const build = join(here, '..', '..', 'build');
mkdirSync(build, { recursive: true });
writeFileSync(join(build, 'bench.json'), `${JSON.stringify(rows, null, 2)}\n`);
process.stderr.write(`${rows.length} figures in build/bench.json\n`);
process.exit(files.length === 0 ? 2 : 0);
