/** Two nodes in local mode: the second joins the mesh by the first, and is found through it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalNode, startLocal } from '../support/local-node.ts';
import { constantModule } from '../support/modules.ts';

const config = (name: string, mesh: object) => ({
  version: 1,
  datasets: [],
  mesh,
  metrics: { port: 0 },
  capabilities: [
    {
      name,
      version: '1.0.0',
      datasets: [],
      input: { type: 'object', properties: {}, additionalProperties: false },
      output: {
        type: 'object',
        properties: { n: { type: 'integer', minimum: 0, maximum: 9 } },
        required: ['n'],
        additionalProperties: false,
      },
    },
  ],
});

const nodes: LocalNode[] = [];
beforeAll(async () => {
  const first = await startLocal(config('first', {}));
  nodes.push(first);
  const bootstrap = [first.parent.address];
  nodes.push(await startLocal(config('second', { bootstrap, dial: ['127.0.0.0/8'] })));
}, 60_000);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
});

describe('a mesh of two nodes', () => {
  it('leads a cold agent from the node that it knows to the one that it needs', async () => {
    const [first, second] = nodes;
    if (first === undefined || second === undefined) throw new Error('not started');
    // Both are simulated, each by a root of its own: the policy names both.
    const policy = {
      ...first.policy,
      releases: [...first.policy.releases, ...second.policy.releases],
      simulatedRoots: [
        ...(first.policy.simulatedRoots ?? []),
        ...(second.policy.simulatedRoots ?? []),
      ],
    };
    const wanted = await (async () => {
      const client = second.client();
      const peer = await client.connect(second.parent.address);
      const [capability] = await client.discoverTools(peer);
      await client.close();
      return { peer, capability };
    })();
    if (wanted.capability === undefined) throw new Error('no capability');
    const agent = first.client({ policy });
    await agent.connect(first.parent.address);
    const announced = async () => {
      for await (const { peer } of agent.discover(wanted.capability ?? never())) {
        if (peer === wanted.peer) return true;
      }
      return false;
    };
    for (let i = 0; i < 60 && !(await announced().catch(() => false)); i++) {
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const found = await agent.find(wanted.capability, { timeoutMs: 10_000 });
    expect(found).toBe(wanted.peer);
    const request = { module: constantModule('{"n":4}'), args: {}, capability: 'second' };
    expect((await agent.run(found, request)).output).toEqual({ n: 4 });
    await agent.close();
  }, 60_000);

  it('tells an agent where else it can be joined', async () => {
    const [first, second] = nodes;
    if (first === undefined || second === undefined) throw new Error('not started');
    const [address, peer] = first.parent.address.split('/p2p/');
    const agent = second.client();
    const asked = await agent.connect(second.parent.address);
    expect(await agent.knownPeers(asked)).toEqual([{ peer, addresses: [address] }]);
    await agent.close();
  });

  it('shows its operator that it is up', async () => {
    const port = nodes[0]?.parent.statusPort;
    const response = await fetch(`http://127.0.0.1:${port}/health`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ ready: true, starts: 1, exits: 0 });
  });
});

function never(): never {
  throw new Error('unreachable');
}
