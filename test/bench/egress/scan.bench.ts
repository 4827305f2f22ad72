/**
 * The scanner on 10 MB of JSON, on responses of 100 kB, and on bombs; decode on, one core.
 * Throughput is of CPU time, since other work may share the core. Where Go can be had, gitleaks
 * (test/oracle/gitleaks) is built once and measured in the same run on the same file.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadScanner } from '../../../enclave/egress/scanner.ts';
import { BOMBS } from '../../egress-corpus/bombs.ts';
import { drawOf } from '../../egress-corpus/draw.ts';
import { goProgram } from '../../support/go-program.ts';
import type { Curve, Row } from '../row.ts';

const BYTES = 10_000_000;
const RESPONSE = 100_000;
const ROUNDS = 5;

/** Orders with ids, times, prices, digests and a sentence each: all of it may leave. */
function harmless(bytes: number): Buffer {
  const draw = drawOf(7);
  const rows: object[] = [];
  for (let size = 0; size < bytes; ) {
    const row = {
      id: draw.faker.string.uuid(),
      at: new Date(1.6e12 + draw.int(1e9)).toISOString(),
      product: draw.faker.commerce.productName(),
      price: draw.int(1e6) / 100,
      region: draw.faker.location.country(),
      ratio: draw.faker.number.float(),
      digest: draw.from('0123456789abcdef', 64),
      comment: draw.faker.lorem.sentence(),
    };
    rows.push(row);
    size += JSON.stringify(row).length + 1;
  }
  return Buffer.from(JSON.stringify(rows));
}

/** CPU milliseconds of this process. */
function cpu(action: () => unknown): number {
  const before = process.cpuUsage();
  action();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function gitleaks(program: string, data: Buffer): number {
  const folder = mkdtempSync(join(tmpdir(), 'egress-bench-'));
  writeFileSync(join(folder, 'data.json'), data);
  const options = ['--exit-code', '0', '--no-banner', '--max-decode-depth', '5'];
  const begun = performance.now();
  spawnSync(program, ['dir', folder, ...options], { env: { ...process.env, GOMAXPROCS: '1' } });
  const ms = performance.now() - begun;
  rmSync(folder, { recursive: true });
  return data.length / 1000 / ms;
}

const CHILD = `
import { readFileSync } from 'node:fs';
const { loadScanner } = await import(process.argv[1]);
const scanner = loadScanner();
const bombs = process.argv.slice(2).map((file) => readFileSync(file));
scanner.scan(Buffer.from('warm'), []);
const before = process.resourceUsage().maxRSS;
for (const bomb of bombs) scanner.scan(bomb, []);
console.log(process.resourceUsage().maxRSS - before);
`;

/** How far the peak of a fresh process rises while it scans all bombs, kB. */
function memoryOf(bombs: readonly Buffer[]): number {
  const folder = mkdtempSync(join(tmpdir(), 'egress-bench-'));
  const files = bombs.map((bomb, at) => {
    const file = join(folder, String(at));
    writeFileSync(file, bomb);
    return file;
  });
  const scanner = join(import.meta.dirname, '..', '..', '..', 'enclave', 'egress', 'scanner.ts');
  const args = ['--input-type=module', '-e', CHILD, scanner, ...files];
  const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  return Number(stdout);
}

export async function run(): Promise<Row[]> {
  const scanner = loadScanner();
  const data = harmless(BYTES);
  const scan = (output: Uint8Array) => scanner.scan(output, []);
  scan(data.subarray(0, RESPONSE));
  const speeds = Array.from({ length: ROUNDS }, () => data.length / 1000 / cpu(() => scan(data)));
  const speed = speeds.sort((a, b) => a - b)[ROUNDS >> 1] ?? 0;

  const times = Array.from({ length: 200 }, (_, i) => {
    const at = (i * 47_000) % (data.length - RESPONSE);
    return cpu(() => scan(data.subarray(at, at + RESPONSE)));
  }).sort((a, b) => a - b);

  const bombs = Object.values(BOMBS).map((make) => make());
  const worst = Math.max(...bombs.map((bomb) => cpu(() => scan(bomb))));
  const grown = memoryOf(bombs);

  const area = 'egress';
  const program = goProgram('gitleaks', 'github.com/zricethezav/gitleaks/v8');
  const begun = performance.now();
  scan(data);
  const wall = data.length / 1000 / (performance.now() - begun);
  const peer = program === undefined ? undefined : gitleaks(program, data);
  return [
    {
      area,
      name: '10 MB JSON, decode on',
      value: speed,
      unit: 'MB/s',
      ...(peer === undefined ? {} : { peer: 'gitleaks', ratio: wall / peer }),
    },
    { area, name: '100 kB response, median', value: times[100] ?? 0, unit: 'ms' },
    { area, name: '100 kB response, p99', value: times[197] ?? 0, unit: 'ms' },
    { area, name: `slowest of ${Object.keys(BOMBS).length} bombs`, value: worst, unit: 'ms' },
    { area, name: 'peak memory over all bombs', value: grown / 1000, unit: 'MB' },
  ];
}

export async function growth(): Promise<Curve> {
  const scanner = loadScanner();
  const points = [1, 4, 16, 64, 256, 1024].map((kB) => {
    const part = harmless(kB * 1000);
    const times = Array.from({ length: 21 }, () => cpu(() => scanner.scan(part, [])));
    return [kB, times.sort((a, b) => a - b)[10] ?? Number.NaN] as const;
  });
  return {
    area: 'egress',
    id: 'output-size',
    title: 'Scan of one answer, decode on',
    x: 'answer, kB of JSON',
    y: 'ms of CPU',
    points,
  };
}
