/**
 * Real nodes on loopback, each behind its relay and dial proxy; they know one bootstrap node, and a
 * cold agent too. NMP_MESH_NODES makes it more (make mesh: 20).
 */
import { multiaddr } from '@multiformats/multiaddr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClientNode } from '../../../client/mesh/client-node.ts';
import { findProvider } from '../../../client/mesh/find-provider.ts';
import { ProviderMemory } from '../../../client/mesh/provider-memory.ts';
import { dialTarget } from '../../../enclave/mesh/proxied-tcp.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { systemClock } from '../../../shared/runtime.ts';
import { capabilityKey } from '../../../shared/wire/capability-key.ts';
import { type LoopbackNode, ranges, startMeshNode } from '../../support/mesh-nodes.ts';

const COUNT = Number(process.env.NMP_MESH_NODES ?? 6);
const LOOKUPS = COUNT >= 20 ? 100 : COUNT;
const suite = createNodeSuite();
const schema = { type: 'integer', minimum: 0, maximum: 9 } as const;
const keyOf = (i: number) =>
  capabilityKey(suite, { name: `c${i}`, version: '1.0.0', input: schema, output: schema });

const nodes: LoopbackNode[] = [];
beforeAll(async () => {
  nodes.push(await startMeshNode([]));
  const first = nodes[0]?.address ?? '';
  for (let i = 1; i < COUNT; i++) nodes.push(await startMeshNode([first]));
  const signal = AbortSignal.timeout(150_000);
  // One after the other: all of them share the processors of one machine.
  for (const [i, { mesh }] of nodes.entries()) await mesh.provide(keyOf(i), signal);
}, 180_000);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
});

describe(`${COUNT} nodes on loopback`, () => {
  it(
    `cold agents find and reach what they look for, ${LOOKUPS} of ${LOOKUPS}`,
    async () => {
      let reached = 0;
      for (let i = 0; i < LOOKUPS; i++) {
        const agent = await createClientNode({});
        const signal = AbortSignal.timeout(20_000);
        await agent.dial(nodes[0]?.address ?? '', signal);
        const wanted = i % COUNT;
        const found = await findProvider(
          {
            clock: systemClock,
            memory: new ProviderMemory({ clock: systemClock }),
            lookUp: (ending) => agent.providers(keyOf(wanted), ending),
            prove: async (provider, ending) => void (await agent.dialProvider(provider, ending)),
          },
          String(wanted),
          signal,
        );
        if (found.id === nodes[wanted]?.mesh.peerId.toString()) reached++;
        await agent.stop();
      }
      expect(reached).toBe(LOOKUPS);
    },
    LOOKUPS * 5_000,
  );
});

describe('what a node dials', () => {
  it.each([
    ['/ip4/127.0.0.1/tcp/4720', true],
    ['/ip4/10.0.0.1/tcp/4720', false],
    ['/ip6/::1/tcp/4720', false],
    ['/dns4/localhost/tcp/4720', false],
    ['/ip4/127.0.0.1/udp/4720', false],
    ['/ip4/127.0.0.1/tcp/4720/ws', false],
    ['/unix/%2Ftmp%2Fx', false],
  ])('%s: %s', (address, allowed) => {
    expect(dialTarget(multiaddr(address), ranges('127.0.0.0/8')) !== undefined).toBe(allowed);
    expect(dialTarget(multiaddr(address), [])).toBeUndefined();
  });
});
