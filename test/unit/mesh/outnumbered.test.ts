/**
 * An agent whose table is full of liars that are all nearer to the key than the one honest node it was
 * told to dial: a lookup that begins at the nearest twenty alone never asks that one.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ClientNode, createClientNode } from '../../../client/mesh/client-node.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { capabilityKey } from '../../../shared/wire/capability-key.ts';
import {
  type MessageCodec,
  type SwarmNode,
  startHonest,
  startHostile,
} from '../../support/swarm.ts';

const LIARS = 24;
const KEYS = 3;
const PATIENCE_MS = 30_000;

const suite = createNodeSuite();
const schema = { type: 'integer', minimum: 0, maximum: 9 } as const;
const keyOf = (i: number) =>
  capabilityKey(suite, { name: `few${i}`, version: '1.0.0', input: schema, output: schema });

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

/** Kademlia's distance of a peer to a key, as hexadecimal of one length. */
function distance({ contact }: SwarmNode, key: Uint8Array): string {
  const [peer, target] = [sha256(contact.id), sha256(key)];
  return Buffer.from(peer.map((byte, at) => byte ^ (target[at] ?? 0))).toString('hex');
}

const liars: SwarmNode[] = [];
let honest: SwarmNode;
let agent: ClientNode;

beforeAll(async () => {
  // libp2p does not export its message; the file is named by where the package lies.
  const dht = new URL('message/dht.js', import.meta.resolve('@libp2p/kad-dht'));
  const { Message }: { Message: MessageCodec } = await import(dht.href);
  const lies = () => liars.map(({ contact }) => contact);
  for (let i = 0; i < LIARS; i++) liars.push(await startHostile(i, Message, lies, false));
  honest = await startHonest(LIARS, () => 0);
  agent = await createClientNode({});
}, PATIENCE_MS);
afterAll(async () => {
  await Promise.all([agent, honest, ...liars].map((node) => node?.stop()));
});

async function providersOf(key: ReturnType<typeof keyOf>): Promise<string[]> {
  const found: string[] = [];
  for await (const { id } of agent.providers(key, AbortSignal.timeout(PATIENCE_MS))) found.push(id);
  return found;
}

it(
  `asks the node that it was told to dial beside ${LIARS} liars nearer to the key`,
  async () => {
    const farthest = Array.from({ length: 1000 }, (_, i) => keyOf(i))
      .filter(({ multihash: { bytes } }) => {
        const own = distance(honest, bytes);
        return liars.every((liar) => distance(liar, bytes) < own);
      })
      .slice(0, KEYS);
    expect(farthest).toHaveLength(KEYS);
    await honest.join(liars[0]?.address ?? '');
    for (const key of farthest) await honest.provide(key);

    const signal = AbortSignal.timeout(PATIENCE_MS);
    await agent.dial(liars[0]?.address ?? '', signal);
    await agent.dial(honest.address, signal);
    // Brings every liar into the table.
    const told = await providersOf(keyOf(-1));
    expect(told.length).toBeGreaterThan(0);

    for (const key of farthest) expect(await providersOf(key)).toContain(honest.id);
  },
  PATIENCE_MS,
);
