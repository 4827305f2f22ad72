/**
 * Runs the benchmarks and writes build/bench.json (a list of figures) and build/bench-curves.json.
 * Usage: node test/bench/run.ts [AREA]. Each file has a process of its own, so that none finds the
 * heap and the compiled code that another left. Figures are medians; absolute times are this machine's
 * and this hour's, ratios are what to quote.
 */
import { fork } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Curve, Row } from './row.ts';

/** A file measures figures, growth, or both. */
interface Bench {
  readonly run?: () => Promise<readonly Row[]>;
  readonly growth?: () => Promise<Curve>;
}

interface Measured {
  readonly rows: readonly Row[];
  readonly curve?: Curve;
}

const here = import.meta.dirname;

async function measure(file: string): Promise<Measured> {
  const bench: Bench = await import(join(here, file));
  const rows = (await bench.run?.()) ?? [];
  for (const row of rows) {
    const peer = row.peer === undefined ? '' : `  (${row.ratio?.toFixed(2)} × ${row.peer})`;
    process.stderr.write(
      `  ${row.name.padEnd(48)} ${row.value.toPrecision(4)} ${row.unit}${peer}\n`,
    );
  }
  const curve = await bench.growth?.();
  for (const [x, y] of curve?.points ?? []) process.stderr.write(`  ${x} → ${y.toPrecision(4)}\n`);
  return { rows, ...(curve === undefined ? {} : { curve }) };
}

/** What `file` measures in a process of its own. */
function apart(file: string): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, ['--apart', file]);
    let measured: Measured | undefined;
    child.once('message', (message) => {
      measured = message as Measured;
    });
    child.once('exit', (code) => {
      if (measured !== undefined && code === 0) resolve(measured);
      else reject(new Error(`${file} ended with ${code}`));
    });
  });
}

const [only, one] = process.argv.slice(2);
if (only === '--apart' && one !== undefined) {
  const measured = await measure(one);
  process.send?.(measured, () => process.exit(0));
} else {
  const files = readdirSync(here, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.bench.ts'))
    .filter((file) => only === undefined || file.startsWith(`${only}/`))
    .sort();
  const rows: Row[] = [];
  const curves: Curve[] = [];
  for (const file of files) {
    process.stderr.write(`· ${file}\n`);
    const measured = await apart(file);
    rows.push(...measured.rows);
    if (measured.curve !== undefined) curves.push(measured.curve);
  }
  const build = join(here, '..', '..', 'build');
  mkdirSync(build, { recursive: true });
  const write = (name: string, value: unknown) =>
    writeFileSync(join(build, name), `${JSON.stringify(value, null, 2)}\n`);
  write('bench.json', rows);
  write('bench-curves.json', curves);
  process.stderr.write(`${rows.length} figures in build/bench.json, ${curves.length} curves\n`);
  process.exitCode = files.length === 0 ? 2 : 0;
}
