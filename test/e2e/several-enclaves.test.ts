/** Three enclaves behind one address, in local mode. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LogEvent, LogFields } from '../../parent/log.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { descendants, type LocalNode, startLocal } from '../support/local-node.ts';
import { constantModule } from '../support/modules.ts';

const capability = {
  name: 'small',
  version: '1.0.0',
  datasets: [],
  input: { type: 'object', properties: {}, additionalProperties: false },
  output: { type: 'integer', minimum: 0, maximum: 9 },
};
const CONFIG = { version: 1, datasets: [], capabilities: [capability], identityFile: undefined };

const events: { event: LogEvent; fields: LogFields | undefined }[] = [];
let node: LocalNode;
let policy: LocalNode['policy'];
beforeAll(async () => {
  const log = (event: LogEvent, fields?: LogFields) => events.push({ event, fields });
  node = await startLocal(CONFIG, {}, { enclaves: 3, log: (...said) => void log(...said) });
  const simulatedRoots = node.parent.enclaves.map(({ ready }) => ready.simulatedRoot ?? '');
  policy = { ...node.policy, simulatedRoots };
}, 60_000);
afterAll(() => node.stop());

/** Connects to an address, and has whoever is there answer. */
async function ask(address: string): Promise<string> {
  await using client = node.client({ policy });
  const peer = await client.connect(address);
  const request = { module: constantModule('7'), args: {}, capability: 'small' };
  expect((await client.run(peer, request)).output).toBe(7);
  return peer;
}

describe('three enclaves behind one address', () => {
  it('have Peer IDs and addresses of their own', async () => {
    const { enclaves, address } = node.parent;
    expect(new Set(enclaves.map(({ ready }) => ready.peerId)).size).toBe(3);
    expect(address).not.toContain('/p2p/');
    for (const { ready, address: own } of enclaves) expect(await ask(own)).toBe(ready.peerId);
  });

  it('give one source the same enclave again and again', async () => {
    const first = await ask(node.parent.address);
    for (let i = 0; i < 4; i++) expect(await ask(node.parent.address)).toBe(first);
  });

  it('stand in for one that is lost', async () => {
    const first = await ask(node.parent.address);
    const index = node.parent.enclaves.findIndex(({ ready }) => ready.peerId === first);
    const listening = node.parent.enclaves[index]?.address.split('/p2p/')[0] ?? '';
    const [pid] = await descendants(listening);
    process.kill(pid ?? -1, 'SIGKILL');
    // What it had accepted when it was ended is lost with it.
    const other = await vi.waitFor(() => ask(node.parent.address), 10_000);
    expect(other).not.toBe(first);
    await vi.waitFor(() => expect(events.map(({ event }) => event)).toContain('enclave.exit'));
    const exits = events.filter(({ event }) => event === 'enclave.exit');
    expect(exits[0]?.fields).toMatchObject({ enclave: index });
    expect(exits[0]?.fields?.restartInMs).toBeGreaterThan(0);
  });

  it('are refused where they would count apart, or share an identity', async () => {
    const counting = { ...capability, egress: { quotaBits: 64 } };
    for (const [config, enclaves] of [
      [{ ...CONFIG, capabilities: [counting] }, 2],
      [{ ...CONFIG, identityFile: 'identity' }, 2],
      [CONFIG, 5],
      [CONFIG, 0],
    ] as const) {
      expect(await codeOfAsync(startLocal(config, {}, { enclaves }))).toBe('CONFIG_INVALID');
    }
  });

  it('are told of in the log by number, and by nothing that is theirs', () => {
    const names = events.map(({ event }) => event);
    expect(names.filter((name) => name === 'relay.listening').length).toBe(4);
    expect(names.filter((name) => name === 'enclave.ready').length).toBeGreaterThanOrEqual(3);
    const text = JSON.stringify(events);
    for (const { ready } of node.parent.enclaves) expect(text).not.toContain(ready.peerId);
  });
});
