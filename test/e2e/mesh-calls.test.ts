/**
 * Whole nodes on loopback, each a parent with relay and dial proxy and a node in processes of their
 * own. Cold agents, which know one of them, look for what another provides, have it prove itself and
 * send it a module. NMP_MESH_NODES makes it more (20 in `make mesh`).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CapabilityDescription } from '../../shared/policy/capability.ts';
import { type LocalNode, startLocal } from '../support/local-node.ts';
import { constantModule } from '../support/modules.ts';

const COUNT = Number(process.env.NMP_MESH_NODES ?? 3);
const AGENTS = COUNT >= 20 ? 100 : 2 * COUNT;
const OUTPUT = { type: 'integer', minimum: 0, maximum: 1_000 } as const;

const nodes: LocalNode[] = [];
const wanted: CapabilityDescription[] = [];
let state: string;

const config = (i: number, bootstrap: readonly string[]) => ({
  version: 1,
  datasets: [],
  mesh: { bootstrap, dial: ['127.0.0.0/8'] },
  capabilities: [
    {
      name: `mesh.c${i}`,
      version: '1.0.0',
      datasets: [],
      input: { type: 'object', properties: {}, additionalProperties: false },
      output: OUTPUT,
    },
  ],
});

beforeAll(async () => {
  // One simulated root for all, so that an agent's policy need not name twenty.
  state = await mkdtemp(join(tmpdir(), 'nmp-mesh-'));
  nodes.push(await startLocal(config(0, []), {}, { stateDirectory: state }));
  const first = nodes[0]?.parent.address ?? '';
  for (let i = 1; i < COUNT; i++) {
    nodes.push(await startLocal(config(i, [first]), {}, { stateDirectory: state }));
  }
  for (const node of nodes) {
    const client = node.client();
    const [capability] = await client.discoverTools(await client.connect(node.parent.address));
    if (capability !== undefined) wanted.push(capability);
    await client.close();
  }
}, 300_000);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await rm(state, { recursive: true, force: true });
});

/** Announcements take their time on a young mesh: until every node is known to the first. */
async function announced(): Promise<void> {
  const agent = nodes[0]?.client();
  await agent?.connect(nodes[0]?.parent.address ?? '');
  const pending = new Set(wanted);
  for (let round = 0; round < 120 && pending.size > 0; round++) {
    for (const capability of [...pending]) {
      try {
        for await (const { peer } of agent?.discover(capability, { timeoutMs: 2_000 }) ?? []) {
          if (peer === nodes[wanted.indexOf(capability)]?.parent.ready.peerId) {
            pending.delete(capability);
            break;
          }
        }
      } catch {
        // Not yet.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  await agent?.close();
}

it(`${COUNT} nodes: cold agents find, attest and call, ${AGENTS} of ${AGENTS}`, async () => {
  await announced();
  // The configuration is measured: every node is a release of its own.
  const policy = nodes[0] && {
    ...nodes[0].policy,
    releases: nodes.flatMap((node) => node.policy.releases),
  };
  const answers: unknown[] = [];
  for (let i = 0; i < AGENTS; i++) {
    const capability = wanted[(i * 7) % COUNT];
    const agent = policy && nodes[0]?.client({ policy });
    if (capability === undefined || agent === undefined) throw new Error('not started');
    try {
      await agent.connect(nodes[0]?.parent.address ?? '');
      const peer = await agent.find(capability);
      const answer = await agent.run(peer, {
        module: constantModule(String(i)),
        args: {},
        capability: capability.name,
      });
      const right = peer === nodes[(i * 7) % COUNT]?.parent.ready.peerId;
      answers.push(right && answer.report.verdict === 'pass' ? answer.output : 'wrong node');
    } catch (error) {
      answers.push(String(error));
    }
    await agent.close();
  }
  expect(answers).toEqual(Array.from({ length: AGENTS }, (_, i) => i));
}, 500_000);
