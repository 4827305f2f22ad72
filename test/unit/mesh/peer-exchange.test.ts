/** Real nodes on loopback tell each other whom they have reached. */
import { generateKeyPair } from '@libp2p/crypto/keys';
import { identify } from '@libp2p/identify';
import { noise } from '@libp2p/noise';
import { peerIdFromPublicKey } from '@libp2p/peer-id';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { afterEach, describe, expect, it } from 'vitest';
import { askPeers } from '../../../client/mesh/ask-peers.ts';
import { createClientNode } from '../../../client/mesh/client-node.ts';
import { PROTOCOL } from '../../../shared/wire/constants.ts';
import { libp2pFrames } from '../../../shared/wire/frames.ts';
import { encodePeerList } from '../../../shared/wire/peer-list.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { type LoopbackNode, ranges, startMeshNode } from '../../support/mesh-nodes.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const QUICK = { exchange: { firstMs: 100, everyMs: 200 } };
const WAIT = { timeout: 50_000, interval: 100 };

async function node(bootstrap: readonly string[], host: string, allowed = ['127.0.0.0/8']) {
  const started = await startMeshNode(bootstrap, ranges(...allowed), { ...QUICK, host });
  let stopped = false;
  const stop = async () => {
    if (!stopped) await started.stop();
    stopped = true;
  };
  cleanups.push(stop);
  return { ...started, stop };
}

const idOf = ({ mesh }: LoopbackNode) => mesh.peerId.toString();
const known = ({ mesh }: LoopbackNode) => mesh.knownPeers().map(({ id }) => id);

describe('nodes that know one bootstrap node', () => {
  it('learn of each other, and go on without it', async () => {
    const first = await node([], '127.1.0.1');
    const [second, third] = [
      await node([first.address], '127.2.0.1'),
      await node([first.address], '127.3.0.1'),
    ];
    await expect.poll(() => known(second), WAIT).toContain(idOf(third));
    await expect.poll(() => known(third), WAIT).toContain(idOf(second));
    // The one that was only ever connected to has come to them by itself, within its ranges.
    await expect
      .poll(() => known(first).toSorted(), WAIT)
      .toEqual([idOf(second), idOf(third)].toSorted());
    await first.stop();
    // A node that comes too late for the bootstrap node finds the mesh by one of the others.
    const late = await node([first.address, second.address], '127.4.0.1');
    await expect.poll(() => known(late), WAIT).toContain(idOf(third));
  });

  it('reach nobody outside their ranges, whoever tells of them', async () => {
    const first = await node([], '127.1.0.1');
    const outside = await node([first.address], '127.9.0.1');
    const narrow = await node([first.address], '127.2.0.1', ['127.1.0.0/16']);
    const wide = await node([first.address], '127.3.0.1');
    await expect.poll(() => known(wide), WAIT).toContain(idOf(outside));
    await expect.poll(() => known(narrow), WAIT).toContain(idOf(first));
    expect(known(narrow)).not.toContain(idOf(outside));
  });

  it('tell agents, and tell nobody of agents', async () => {
    const first = await node([], '127.1.0.1');
    const second = await node([first.address], '127.2.0.1');
    await expect.poll(() => known(first), WAIT).toEqual([idOf(second)]);
    const agents = [await createClientNode({}), await createClientNode({})];
    for (const agent of agents) cleanups.push(() => agent.stop());
    const soon = () => AbortSignal.timeout(20_000);
    for (const agent of agents) await agent.dial(first.address, soon());
    const [agent] = agents;
    if (agent === undefined) throw new Error('no agent');
    const frames = await agent.open(idOf(first), PROTOCOL.peers, soon());
    expect(await askPeers(frames, soon())).toEqual([
      { id: idOf(second), addresses: [second.address.split('/p2p/')[0]] },
    ]);
  });
});

/** A node of stock libp2p, outside the table, that says of its peers what the test says. */
async function teller(answer: Uint8Array) {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.7.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify() },
  });
  cleanups.push(() => node.stop());
  let asked = 0;
  await node.handle(PROTOCOL.peers, (stream) => {
    asked++;
    void libp2pFrames(stream).write(answer);
  });
  const [address] = node.getMultiaddrs();
  return { address: address?.toString() ?? '', id: node.peerId.toString(), asked: () => asked };
}

describe('a peer that tells', () => {
  it('of a node leads there, though no other way does', async () => {
    const far = await node([], '127.1.0.1');
    const [where = ''] = far.address.split('/p2p/');
    const { address } = await teller(encodePeerList([{ id: idOf(far), addresses: [where] }]));
    const near = await node([address], '127.2.0.1');
    await expect.poll(() => known(near), WAIT).toContain(idOf(far));
  });
});

describe('a peer that lies', () => {
  it('has its claims dialled and dropped: no other Peer ID answers there, and nobody is handed on', async () => {
    const honest = await node([], '127.1.0.1');
    const [where = ''] = honest.address.split('/p2p/');
    const strangers = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const { publicKey } = await generateKeyPair('Ed25519');
        return { id: peerIdFromPublicKey(publicKey).toString(), addresses: [where] };
      }),
    );
    const hostile = await teller(encodePeerList(strangers));
    const victim = await node([hostile.address], '127.2.0.1');
    await expect.poll(() => hostile.asked(), WAIT).toBeGreaterThan(3);
    const all = new Set(strangers.map(({ id }) => id));
    expect(known(victim).filter((id) => all.has(id))).toEqual([]);
  });

  it('with an answer that is none is asked no more than others, and harms nobody', async () => {
    const hostile = await teller(new Uint8Array(60_000));
    const victim = await node([hostile.address], '127.2.0.1');
    await expect.poll(() => hostile.asked(), WAIT).toBeGreaterThan(1);
    const friend = await node([victim.address], '127.3.0.1');
    await expect.poll(() => known(friend), WAIT).toContain(idOf(victim));
  });

  it('fails the agent that asks it with a code', async () => {
    const hostile = await teller(new Uint8Array(60_000));
    const agent = await createClientNode({});
    cleanups.push(() => agent.stop());
    const soon = () => AbortSignal.timeout(20_000);
    await agent.dial(multiaddr(hostile.address).toString(), soon());
    const frames = await agent.open(hostile.id, PROTOCOL.peers, soon());
    expect(await codeOfAsync(askPeers(frames, soon()))).toBe('FRAME_MALFORMED');
  });
});
