/**
 * Load and soak of one node: attested clients in an open loop, hostile ones beside them, memory
 * watched. Usage: node scripts/load/main.ts [--clients 200] [--hostile 8] [--rate 50] [--minutes 1]
 * [--seed 1] [--json]. Exit 1 if a goal is missed (lost 0, p99 ≤ 250 ms, sandbox back in 1 s and relay in
 * 2 s after SIGKILL; from 10 minutes on the slope of resident memory ≤ 2 MB/h). Every sample of memory
 * is in build/load.json.
 */
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { descendants, startLocal } from '../../test/support/local-node.ts';
import { constantModule } from '../../test/support/modules.ts';
import { SMALL_CAPABILITY } from '../../test/support/small-capability.ts';
import type { Order, Result } from './generator.ts';
import { quantile, slope } from './stats.ts';

const number = (fallback: string) => ({ type: 'string', default: fallback }) as const;
const { values: options } = parseArgs({
  options: {
    clients: number('200'),
    hostile: number('8'),
    rate: number('50'),
    minutes: number('1'),
    seed: number('1'),
    json: { type: 'boolean', default: false },
  },
});
const [clients, hostile, rate, minutes, seed] = [
  Number(options.clients),
  Number(options.hostile),
  Number(options.rate),
  Number(options.minutes),
  Number(options.seed),
];
if (![clients, rate, minutes].every((value) => value > 0)) {
  process.stderr.write('clients, rate and minutes are numbers above 0\n');
  process.exit(2);
}
const SAMPLE_MS = 5_000;
const LOST_MAX = 0;
const P99_MAX_MS = 250;
const SLOPE_MAX_MB_H = 2;
const RESPAWN_MAX_MS = 1_000;
const RELAY_BACK_MAX_MS = 2_000;

/** Resident MB of processes whose command holds `part`. */
async function residentMb(part: string): Promise<number> {
  let kb = 0;
  for (const pid of await descendants(part)) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    kb += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  }
  return (kb * 1024) / 1e6;
}

const fuel = 100_000_000;
const node = await startLocal({
  ...SMALL_CAPABILITY,
  capabilities: SMALL_CAPABILITY.capabilities.map((capability) => ({
    ...capability,
    limits: { fuel, deadlineMs: 20_000 },
  })),
});
const seconds = minutes * 60;
const order: Order = {
  address: node.parent.address,
  policy: JSON.stringify({
    version: 1,
    releases: [node.parent.ready.pcrs],
    simulatedRoots: [node.parent.ready.simulatedRoot],
  }),
  clients,
  hostile,
  rate,
  seconds,
  seed,
  timeoutMs: 60_000,
};
const generator = spawn(process.execPath, [join(import.meta.dirname, 'generator.ts')], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
generator.stdin.end(JSON.stringify(order));

const samples: { readonly hours: number; readonly node: number; readonly sandbox: number }[] = [];
const started = performance.now();
const sampling = setInterval(async () => {
  const hours = (performance.now() - started) / 3.6e6;
  const [inNode, inSandbox] = [await residentMb('enclave/main'), await residentMb('nmp-sandbox')];
  samples.push({ hours, node: inNode, sandbox: inSandbox });
}, SAMPLE_MS);
const result: Result = JSON.parse(await text(generator.stdout));
clearInterval(sampling);

/** Ms from the death of a sandbox process until another stands in its place. */
async function respawnMs(): Promise<number> {
  const before = await descendants('nmp-sandbox');
  const [victim] = before;
  if (victim === undefined) return Number.NaN;
  process.kill(victim, 'SIGKILL');
  const killed = performance.now();
  for (;;) {
    const now = await descendants('nmp-sandbox');
    const fresh = now.some((pid) => !before.includes(pid));
    if (fresh || performance.now() - killed > 30_000) return performance.now() - killed;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
const again = { module: constantModule('{"n":9}'), args: {}, capability: 'small' };

/** Ms from the death of the relay until who connects anew has a verified answer through another. */
async function relayBackMs(): Promise<number> {
  const relays = await descendants('relay\0--listen');
  for (const pid of relays) process.kill(pid, 'SIGKILL');
  const killed = performance.now();
  while (relays.length > 0 && performance.now() - killed < 30_000) {
    const client = node.client();
    try {
      const peer = await client.connect(node.parent.address, { timeoutMs: 1_000 });
      await client.run(peer, again);
      return performance.now() - killed;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    } finally {
      await client.close();
    }
  }
  return Number.NaN;
}
const respawn = await respawnMs();
const relayBack = await relayBackMs();
await node.stop();

// The first half warms caches, pools and heaps up: what grows after it is growth.
const half = samples.filter(({ hours }) => hours > (samples.at(-1)?.hours ?? 0) / 2);
const growth = (pick: (sample: (typeof samples)[number]) => number) =>
  slope(half.map((sample) => [sample.hours, pick(sample)] as const));
const lost = Object.values(result.lost).reduce((sum, n) => sum + n, 0);
const p99 = quantile(result.latencies, 0.99);
const round = (value: number) => Number(value.toFixed(2));
const report = {
  processors: cpus().length,
  clients,
  hostile,
  rate,
  seconds,
  sent: result.sent,
  lost,
  lostByCode: result.lost,
  latencyMs: Object.fromEntries(
    [0.5, 0.9, 0.99, 0.999, 1].map((q) => [`p${q * 100}`, round(quantile(result.latencies, q))]),
  ),
  hostileRuns: result.hostile,
  residentMb: {
    node: round(samples.at(-1)?.node ?? Number.NaN),
    sandbox: round(samples.at(-1)?.sandbox ?? Number.NaN),
  },
  slopeMbPerHour: {
    node: round(growth((sample) => sample.node)),
    sandbox: round(growth((sample) => sample.sandbox)),
  },
  respawnMs: round(respawn),
  relayBackMs: round(relayBack),
};
const build = join(import.meta.dirname, '..', '..', 'build');
await mkdir(build, { recursive: true });
await writeFile(join(build, 'load.json'), `${JSON.stringify({ ...report, samples })}\n`);
const total = growth((sample) => sample.node + sample.sandbox);
const goals: readonly (readonly [string, boolean])[] = [
  ['lost 0', lost <= LOST_MAX],
  [`p99 ≤ ${P99_MAX_MS} ms`, p99 <= P99_MAX_MS],
  [`sandbox back in ≤ ${RESPAWN_MAX_MS} ms`, respawn <= RESPAWN_MAX_MS],
  [`relay back in ≤ ${RELAY_BACK_MAX_MS} ms`, relayBack <= RELAY_BACK_MAX_MS],
  // A slope over a minute says nothing.
  ...(minutes < 10 ? [] : [[`slope ≤ ${SLOPE_MAX_MB_H} MB/h`, total <= SLOPE_MAX_MB_H] as const]),
];
if (options.json)
  process.stdout.write(`${JSON.stringify({ ...report, goals: Object.fromEntries(goals) })}\n`);
else {
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  for (const [goal, held] of goals) process.stdout.write(`${held ? 'holds ' : 'MISSED'} ${goal}\n`);
}
process.exit(goals.every(([, held]) => held) ? 0 : 1);
