/**
 * Instructions of fixed kernels, by valgrind (cachegrind, no caches simulated), compared with
 * counts.json: node test/counts/run.ts [--write]. Times are noise on a shared machine; counts are not.
 * JavaScript is interpreted here (--jitless), so that no compiler's timing decides what is counted.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { build as buildDocument, NOW } from '../unit/attestation/adversary/draft.ts';
import { build as buildModule, DROP, get, I32, I64, i32, set } from '../unit/guardian/build.ts';

const root = resolve(import.meta.dirname, '..', '..');
const folder = join(root, 'build', 'counts');
const kept = join(import.meta.dirname, 'counts.json');
/** More than this above what is kept is a regression; so much below wants a new figure. */
const TOLERANCE = 0.05;
/** Kernel, and how often it runs in the shorter and in the longer of two runs. */
const KERNELS = [
  ['guardian-verdict', 2, 12],
  ['egress-scan', 2, 12],
  ['document', 2, 8],
  ['handshake', 2, 12],
] as const;

/** 100 kB of rows that may leave, the same each time. */
function rows(): string {
  const all = [];
  for (let at = 0; at < 900; at++) {
    all.push({
      week: at % 53,
      mean: ((at * 7919) % 10_007) / 100,
      count: 11 + ((at * 31) % 400),
      region: ['north', 'east', 'south', 'west'][at % 4],
      note: `between ${at} and ${at + 7} of all that were seen in this ward`,
    });
  }
  return JSON.stringify(all);
}

/** 25 kB of plain arithmetic in 38 functions. */
function arithmetic(): Uint8Array {
  const step = (at: number) => [
    ...[...get(0), ...i32(at * 7919), 0x6a, ...set(0)],
    ...[...get(0), ...i32(at), 0x73, ...DROP],
  ];
  const code = Array.from({ length: 40 }, (_, at) => step(at)).flat();
  return buildModule({
    types: [
      [[I32], []],
      [[I32, I32], [I64]],
    ],
    funcs: [
      ...Array.from({ length: 38 }, () => ({ type: 0, code })),
      { type: 1, code: [...get(0), 0x10, 0, 0x42, 0] },
    ],
    memories: [[0, 2]],
    exports: [['nmp_run', 0, 38]],
    data: [{ offset: i32(0), bytes: new Uint8Array(2000) }],
  });
}

function instructions(name: string, times: number): number {
  const node = join(root, 'node_modules', 'node', 'bin', 'node');
  const flags = ['--jitless', '--predictable', '--hash-seed=1', '--random-seed=1'];
  const { status, stderr } = spawnSync(
    'valgrind',
    [
      ...['--tool=cachegrind', '--cache-sim=no', '--cachegrind-out-file=/dev/null'],
      ...[node, ...flags, join(folder, 'kernel.mjs'), name, String(times)],
      join(folder, 'inputs.json'),
    ],
    { encoding: 'utf8', timeout: 300_000, maxBuffer: 1 << 24 },
  );
  const count = /I\s+refs:\s+([\d,]+)/.exec(stderr)?.[1]?.replaceAll(',', '');
  if (status !== 0 || count === undefined) throw new Error(`${name}: ${stderr.slice(-2000)}`);
  return Number(count);
}

try {
  execFileSync('valgrind', ['--version'], { stdio: 'ignore' });
} catch {
  process.stdout.write('skipped: valgrind is not installed (apt-get install valgrind)\n');
  process.exit(0);
}

mkdirSync(folder, { recursive: true });
const { bytes: document, root: anchor } = buildDocument();
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
writeFileSync(
  join(folder, 'inputs.json'),
  JSON.stringify({
    document: base64(document),
    root: base64(anchor),
    atMs: NOW,
    module: base64(arithmetic()),
    output: base64(Buffer.from(rows())),
  }),
);
await build({
  entryPoints: [join(import.meta.dirname, 'kernel.ts')],
  outfile: join(folder, 'kernel.mjs'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  external: ['#native/*'],
  logLevel: 'error',
});

const before: Record<string, number> = JSON.parse(readFileSync(kept, 'utf8'));
const after: Record<string, number> = {};
let failed = 0;
for (const [name, few, many] of KERNELS) {
  const each = (instructions(name, many) - instructions(name, few)) / (many - few);
  after[name] = Math.round(each);
  const change = each / (before[name] ?? Number.NaN) - 1;
  const more = change > TOLERANCE || Number.isNaN(change);
  const verdict = more ? 'more than kept' : change < -TOLERANCE ? 'less: --write it' : 'ok';
  if (more) failed++;
  const percent = Number.isNaN(change) ? 'new' : `${(change * 100).toFixed(2)} %`;
  process.stdout.write(`${name.padEnd(18)} ${after[name]} instructions  ${percent}  ${verdict}\n`);
}
if (process.argv.includes('--write')) {
  writeFileSync(kept, `${JSON.stringify(after, null, 2)}\n`);
} else {
  process.stdout.write(`${KERNELS.length - failed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}
