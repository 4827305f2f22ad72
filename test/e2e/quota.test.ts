import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAuditRecord } from '../../shared/audit/record.ts';
import { createNodeSuite } from '../../shared/crypto/suite-node.ts';
import { isNmpError } from '../../shared/errors.ts';
import { startLocal } from '../support/local-node.ts';
import { constantModule } from '../support/modules.ts';

const suite = createNodeSuite();
const owner = suite.kem.generate();
const CANARY = 'Zebedee Quillfeather';
const nothing = { type: 'object', properties: {}, additionalProperties: false };
const CONFIG = {
  version: 1,
  audit: { ownerKey: Buffer.from(owner.publicKey).toString('base64url') },
  datasets: [
    {
      id: 'stays',
      format: 'ndjson',
      path: 'stays.ndjson',
      classification: 'restricted',
      columns: [{ name: 'age', type: 'int32' }],
    },
  ],
  capabilities: [
    {
      name: 'count',
      version: '1.0.0',
      datasets: [{ id: 'stays', columns: ['age'] }],
      input: nothing,
      // log2(1001) bits and eight for the outcome: two answers fit in 40.
      output: { type: 'integer', minimum: 0, maximum: 1000 },
      limits: { fuel: 100_000_000, deadlineMs: 20_000 },
      egress: { quotaBits: 40, canaries: [CANARY] },
    },
  ],
};
const FILES = { 'stays.ndjson': Array.from({ length: 20 }, (_, i) => `{"age":${i}}`).join('\n') };

let state = '';
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'nmp-state-'));
});
afterEach(() => rm(state, { recursive: true, force: true }));

/** One life of the node: the codes of calls with these modules, one after the other. */
async function life(
  calls: readonly { readonly output: string; readonly key: Awaited<ReturnType<typeof keyPair>> }[],
): Promise<string[]> {
  const node = await startLocal(CONFIG, FILES, { stateDirectory: state });
  const codes: string[] = [];
  try {
    for (const { output, key } of calls) {
      const client = node.client({ privateKey: key });
      try {
        const peer = await client.connect(node.parent.address);
        const module = constantModule(output);
        await client.run(peer, { module, args: {}, capability: 'count' });
        codes.push('released');
      } catch (error) {
        if (!isNmpError(error)) throw error;
        codes.push(error.code);
      } finally {
        await client.close();
      }
    }
  } finally {
    await node.stop();
  }
  return codes;
}
const keyPair = () => generateKeyPair('Ed25519');

describe('what a node remembers over restarts', () => {
  it('refuses once the quota is used, in the next life too, and only that client', async () => {
    const [key, other] = [await keyPair(), await keyPair()];
    const call = { output: '5', key };
    expect(await life([call, call])).toEqual(['released', 'released']);
    expect(await life([call, { output: '5', key: other }])).toEqual(['EGRESS_QUOTA', 'released']);
  }, 60_000);

  it('bans a module that told a planted row, and tells the owner which rule saw it', async () => {
    const [key, other] = [await keyPair(), await keyPair()];
    const output = JSON.stringify(Buffer.from(CANARY).toString('base64'));
    expect(await life([{ output, key }])).toEqual(['EGRESS_BLOCKED']);
    expect(await life([{ output, key: other }])).toEqual(['EGRESS_BANNED']);
    const [name] = await readdir(join(state, 'audit'));
    const sealed = await readFile(join(state, 'audit', name ?? ''));
    const text = Buffer.from(openAuditRecord(suite, owner, sealed)).toString();
    const record: unknown = JSON.parse(text);
    expect(record).toMatchObject({ codes: ['CANARY', 'SCHEMA'], capability: 'count@1.0.0' });
    expect(text).toContain('base64');
    expect(text).not.toContain(CANARY);
  }, 60_000);
});
