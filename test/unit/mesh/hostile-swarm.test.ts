/**
 * The table under churn and lies: a fifth of all nodes are hostile, and after records were made three
 * tenths of the honest ones are gone. Liars are near and the honest are far: whoever takes the first
 * answer, or the first provider, has that of a liar. NMP_SWARM_NODES makes it more (100 in `make swarm`).
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClientNode } from '../../../client/mesh/client-node.ts';
import { findProvider } from '../../../client/mesh/find-provider.ts';
import { ProviderMemory } from '../../../client/mesh/provider-memory.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { NmpError } from '../../../shared/errors.ts';
import { systemClock } from '../../../shared/runtime.ts';
import { capabilityKey } from '../../../shared/wire/capability-key.ts';
import { seededRandom } from '../../support/clock.ts';
import {
  type MessageCodec,
  PROOF,
  phantom,
  type SwarmNode,
  startHonest,
  startHostile,
} from '../../support/swarm.ts';

const COUNT = Number(process.env.NMP_SWARM_NODES ?? 15);
const LOOKUPS = COUNT >= 100 ? 200 : 10;
const KEYS = COUNT >= 100 ? 10 : 1;
const PROVIDERS = 5;
const HOSTILE = 0.2;
const GONE = 0.3;
/** Most of a lookup is waiting. */
const AT_ONCE = 5;
/** To and from honest nodes while an agent looks up; at 150 ms, of 100 nodes, too few are reached. */
const FAR_MS = COUNT >= 100 ? 10 : 150;
const suite = createNodeSuite();
const schema = { type: 'integer', minimum: 0, maximum: 9 } as const;
const keyOf = (i: number) =>
  capabilityKey(suite, { name: `swarm${i}`, version: '1.0.0', input: schema, output: schema });

const random = seededRandom(20261123);
const below = (n: number) => new DataView(random.bytes(4).buffer).getUint32(0) % n;

const honest: SwarmNode[] = [];
const hostile: SwarmNode[] = [];
const gone = new Set<SwarmNode>();
const liars: SwarmNode[] = [];
let oneWayMs = 0;

beforeAll(async () => {
  // libp2p does not export its message; the file is named by where the package lies.
  const dht = new URL('message/dht.js', import.meta.resolve('@libp2p/kad-dht'));
  const { Message }: { Message: MessageCodec } = await import(dht.href);
  // Few liars name providers that are not there, as many as fill a lookup of libp2p by itself.
  const named = await Promise.all(
    Array.from({ length: Math.max(0, 24 - COUNT * HOSTILE) }, (_, i) => phantom(200 + i)),
  );
  const lies = () => [...hostile.map(({ contact }) => contact), ...named];
  for (let i = 0; i < COUNT; i++) {
    // Half of the hostile nodes lie, half of them take questions and are silent.
    if (i >= COUNT * (1 - HOSTILE)) {
      const stalls = i % 2 === 0;
      const node = await startHostile(i, Message, lies, stalls);
      hostile.push(node);
      if (!stalls) liars.push(node);
    } else honest.push(await startHonest(i, () => oneWayMs));
  }
  const all = [...honest, ...hostile];
  for (const node of all) {
    // A few neighbours each, so that hostile nodes are in every table.
    for (let n = 0; n < 4; n++) {
      const other = all[below(all.length)];
      if (other !== undefined && other !== node) await node.join(other.address);
    }
  }
  for (let key = 0; key < KEYS; key++) {
    const providing = Array.from({ length: PROVIDERS }, (_, n) =>
      honest[(key * PROVIDERS + n) % honest.length]?.provide(keyOf(key)).catch(() => undefined),
    );
    await Promise.all(providing);
  }
  while (gone.size < honest.length * GONE) {
    const node = honest[below(honest.length)];
    if (node !== undefined) gone.add(node);
  }
  await Promise.all([...gone].map((node) => node.stop()));
}, 600_000);
afterAll(async () => {
  await Promise.all([...honest, ...hostile].map((node) => node.stop()));
});

/** What a cold agent finds that has dialled a near liar and a far node that is not one. */
async function lookUp(liar: string, far: string, key: number): Promise<boolean> {
  const agent = await createClientNode({});
  const signal = AbortSignal.timeout(30_000);
  try {
    await agent.dial(liar, signal);
    await agent.dial(far, signal);
    const found = await findProvider(
      {
        clock: systemClock,
        memory: new ProviderMemory({ clock: systemClock }),
        lookUp: (ending) => agent.providers(keyOf(key), ending),
        prove: async (provider, ending) => {
          await agent.dialProvider(provider, ending);
          const frames = await agent.open(provider.id, PROOF, ending);
          // Whoever is not honest does not know the protocol.
          if ((await frames.read(ending))[0] !== 1) throw new NmpError('UNREACHABLE');
        },
      },
      String(key),
      signal,
    );
    return honest.some((node) => node.id === found.id && !gone.has(node));
  } catch {
    return false;
  } finally {
    await agent.stop();
  }
}

it(`${COUNT} nodes, a fifth hostile, churn: ${LOOKUPS} lookups reach an honest provider`, async () => {
  const alive = honest.filter((node) => !gone.has(node));
  const oneOf = (nodes: readonly SwarmNode[]) => nodes[below(nodes.length)]?.address ?? '';
  const least = Math.ceil(0.99 * LOOKUPS);
  let reached = 0;
  oneWayMs = FAR_MS;
  // No more of them once it has failed.
  for (let i = 0; i < LOOKUPS && reached + LOOKUPS - i >= least; i += AT_ONCE) {
    const batch = Array.from({ length: AT_ONCE }, (_, n) =>
      lookUp(oneOf(liars), oneOf(alive), (i + n) % KEYS),
    );
    reached += (await Promise.all(batch)).filter(Boolean).length;
  }
  expect(reached).toBeGreaterThanOrEqual(least);
}, 900_000);
