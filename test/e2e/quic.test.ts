/** A node that answers over QUIC: the parent forwards datagrams, everything else ends in the enclave. */
import { afterEach, describe, expect, it } from 'vitest';
import { startLocal } from '../support/local-node.ts';
import { constantModule } from '../support/modules.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const CONFIG = {
  version: 1,
  quic: true,
  datasets: [],
  capabilities: [
    {
      name: 'small',
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
};

async function start() {
  const node = await startLocal(CONFIG);
  cleanups.push(() => node.stop());
  return node;
}

describe('a node over QUIC', () => {
  it('attests and answers, and no TCP connection is made', async () => {
    const node = await start();
    const address = node.parent.quicAddress ?? '';
    expect(address).toMatch(/^\/ip4\/127\.0\.0\.1\/udp\/\d+\/quic-v1\/p2p\//);
    const client = node.client();
    cleanups.push(() => client.close());
    const peer = await client.connect(address);
    const request = { module: constantModule('{"n":7}'), args: {}, capability: 'small' };
    const { output } = await client.run(peer, request);
    expect(output).toEqual({ n: 7 });
    expect(node.parent.metrics().opened).toBe(0);
    expect(node.parent.datagrams()?.datagramsIn).toBeGreaterThan(3);
  });
});
