/**
 * Discrete-event simulation of finding a provider, for more nodes than a machine can run. Writes
 * docs/mesh-simulation.json and .svg. Usage: node scripts/mesh/simulate.ts
 *
 * Taken from measurements (make bench ONLY=transport): round trips for connection, query and proof.
 * Assumed: round-trip times log-normal around 80 ms, 30 % of all nodes died since tables and records
 * were made, 20 % are hostile. A hostile node answers with hostile nodes only and claims to provide;
 * the rules of the client are those of client/mesh/find-provider.ts.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_FIND_LIMITS } from '../../client/mesh/find-provider.ts';
import { createWorld, distance, K, type MeshWorld, seeded } from './world.ts';

const SIZES = [100, 1_000, 10_000, 100_000];
const LOOKUPS = 400;
const CHURN = 0.3;
const HOSTILE = 0.2;
const PROVIDERS = 3;
const BOOTSTRAP = 3;
/** Queries at once, as @libp2p/kad-dht has it. */
const ALPHA = 10;
/** TCP and Noise 2, multistream-select of the query's stream 1, the query 1. */
const QUERY_ROUND_TRIPS = 4;
/** TCP and Noise 2, M1 and M2 1. */
const PROOF_ROUND_TRIPS = 3;
const DIAL_TIMEOUT_MS = 5_000;
const GIVE_UP_MS = 30_000;
const FALSE_CLAIMS = 8;
/** Networks (/16) among which hostile nodes are spread; honest ones have one each. */
const HOSTILE_NETWORKS = 64;

interface Result {
  readonly found: boolean;
  readonly seconds: number;
  readonly queries: number;
  readonly hops: number;
  readonly liarsTried: number;
}

function look(world: MeshWorld, random: () => number): Result {
  const alive = (accept: (i: number) => boolean) => {
    for (;;) {
      const i = Math.floor(random() * world.ids.length);
      if (accept(i)) return i;
    }
  };
  const target = Math.floor(random() * 2 ** 48);
  const honest = (i: number) => !world.hostile[i];
  const providers = new Set(
    Array.from({ length: PROVIDERS }, () => alive((i) => honest(i) && !world.dead[i])),
  );
  const holders = new Set(world.closest(target, K));
  // Normal by Box and Muller; log-normal with a sigma of 0.5 around 80 ms.
  const rttMs = () =>
    80 * Math.exp(0.5 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));

  const events: { readonly atMs: number; readonly act: () => void }[] = [];
  let nowMs = 0;
  const later = (ms: number, act: () => void) => {
    const atMs = nowMs + ms;
    const place = events.findIndex((event) => event.atMs > atMs);
    events.splice(place < 0 ? events.length : place, 0, { atMs, act });
  };
  const depth = new Map<number, number>();
  const asked = new Set<number>();
  const claims: number[] = [];
  const claimed = new Set<number>();
  const groups = new Map<number, number>();
  const state = { asking: 0, proving: 0, queries: 0, liars: 0, hops: 0, found: false };

  const networkOf = (node: number) => (world.hostile[node] ? -1 - (node % HOSTILE_NETWORKS) : node);
  const tried = new Map<number, number>();
  const triedOf = (node: number) => tried.get(networkOf(node)) ?? 0;
  const claim = (node: number) => {
    const { claims: most, claimsPerGroup } = DEFAULT_FIND_LIMITS;
    if (claimed.has(node) || claimed.size >= most) return;
    const group = networkOf(node);
    const inGroup = groups.get(group) ?? 0;
    if (inGroup >= claimsPerGroup) return;
    groups.set(group, inGroup + 1);
    claimed.add(node);
    claims.push(node);
  };
  const step = () => {
    while (state.proving < DEFAULT_FIND_LIMITS.parallel && claims.length > 0) {
      // The client's rule: of claims of unknown peers one from the network tried least, then the first.
      let best = 0;
      for (const [i, node] of claims.entries()) {
        if (triedOf(node) < triedOf(claims[best] ?? 0)) best = i;
      }
      const node = claims.splice(best, 1)[0] ?? 0;
      tried.set(networkOf(node), triedOf(node) + 1);
      state.proving++;
      later(PROOF_ROUND_TRIPS * rttMs(), () => {
        state.proving--;
        if (providers.has(node)) state.found = true;
        else state.liars++;
        step();
      });
    }
    const waiting = [...depth.keys()]
      .filter((node) => !asked.has(node))
      .sort((a, b) => distance(world.ids[a] ?? 0, target) - distance(world.ids[b] ?? 0, target));
    for (const node of waiting) {
      if (state.asking >= ALPHA) break;
      asked.add(node);
      state.asking++;
      state.queries++;
      const answered = () => {
        state.asking--;
        const hops = depth.get(node) ?? 0;
        if (!world.dead[node]) {
          const hostile = world.hostile[node] ?? false;
          const known = world.table(node);
          const answer = world.closest(
            target,
            K,
            hostile ? known.filter((i) => world.hostile[i]) : known,
          );
          for (const next of answer) if (!depth.has(next)) depth.set(next, hops + 1);
          if (hostile) answer.slice(0, FALSE_CLAIMS).forEach(claim);
          else if (holders.has(node)) {
            state.hops ||= hops;
            for (const provider of providers) claim(provider);
          }
        }
        step();
      };
      later(world.dead[node] ? DIAL_TIMEOUT_MS : QUERY_ROUND_TRIPS * rttMs(), answered);
    }
  };
  for (let i = 0; i < BOOTSTRAP; i++)
    depth.set(
      alive((n) => honest(n) && !world.dead[n]),
      0,
    );
  step();
  for (;;) {
    const event = events.shift();
    if (event === undefined || event.atMs > GIVE_UP_MS || state.found) break;
    nowMs = event.atMs;
    event.act();
  }
  return {
    found: state.found,
    seconds: nowMs / 1000,
    queries: state.queries,
    hops: state.hops,
    liarsTried: state.liars,
  };
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Number(
    (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0).toFixed(2),
  );
}

const rows = SIZES.map((nodes) => {
  const random = seeded(nodes);
  const world = createWorld(random, { nodes, churn: CHURN, hostile: HOSTILE });
  const results = Array.from({ length: LOOKUPS }, () => look(world, random));
  const found = results.filter((result) => result.found);
  const of = (pick: (result: Result) => number) => {
    const values = found.map(pick);
    return { p50: quantile(values, 0.5), p99: quantile(values, 0.99) };
  };
  const row = {
    nodes,
    lookups: LOOKUPS,
    foundHonest: found.length / LOOKUPS,
    seconds: of(({ seconds }) => seconds),
    queries: of(({ queries }) => queries),
    hops: of(({ hops }) => hops),
    liarsTried: of(({ liarsTried }) => liarsTried),
  };
  process.stderr.write(`${JSON.stringify(row)}\n`);
  return row;
});

/** Three panels over the logarithm of the number of nodes: p50 filled, p99 hollow. */
function plot(): string {
  const panels = [
    ['seconds', 's'],
    ['queries', 'queries'],
    ['hops', 'hops'],
  ] as const;
  const [width, height, margin] = [240, 180, 40];
  const parts = panels.map(([field, unit], index) => {
    const top = Math.max(...rows.map((row) => row[field].p99), 1) * 1.1;
    const x = (i: number) => margin + (i * (width - 1.5 * margin)) / (rows.length - 1);
    const y = (value: number) => height - margin - (value / top) * (height - 1.6 * margin);
    const series = (q: 'p50' | 'p99', fill: string) =>
      `<polyline fill="none" stroke="#246" points="${rows.map((row, i) => `${x(i).toFixed(1)},${y(row[field][q]).toFixed(1)}`).join(' ')}"/>` +
      rows
        .map((row, i) => {
          const cy = y(row[field][q]).toFixed(1);
          return `<circle cx="${x(i).toFixed(1)}" cy="${cy}" r="3" fill="${fill}" stroke="#246"/><text x="${(x(i) + 5).toFixed(1)}" y="${(Number(cy) - 5).toFixed(1)}">${row[field][q]}</text>`;
        })
        .join('');
    const ticks = rows
      .map(
        (row, i) =>
          `<text x="${x(i).toFixed(1)}" y="${height - margin + 16}" text-anchor="middle">${row.nodes.toLocaleString('en')}</text>`,
      )
      .join('');
    return `<g transform="translate(${index * width},0)"><text x="${margin}" y="16">${unit}</text><path d="M${margin} ${height - margin}H${width - margin / 2}" stroke="#999"/>${series('p50', '#246')}${series('p99', '#fff')}${ticks}</g>`;
  });
  const title =
    'Finding an honest provider: 30 % of nodes dead, 20 % hostile; p50 filled, p99 hollow';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${3 * width} ${height + 10}" font-family="sans-serif" font-size="10"><title>${title}</title><rect width="100%" height="100%" fill="#fff"/>${parts.join('')}<text x="${margin}" y="${height + 2}">${title}</text></svg>\n`;
}

const docs = join(import.meta.dirname, '..', '..', 'docs');
const assumptions = { churn: CHURN, hostile: HOSTILE, providers: PROVIDERS, alpha: ALPHA, k: K };
writeFileSync(
  join(docs, 'mesh-simulation.json'),
  `${JSON.stringify({ assumptions, rows }, null, 2)}\n`,
);
writeFileSync(join(docs, 'mesh-simulation.svg'), plot());
