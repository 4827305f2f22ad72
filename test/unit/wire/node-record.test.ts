import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { isNmpError } from '../../../shared/errors.ts';
import type { CapabilityDescription } from '../../../shared/policy/capability.ts';
import { capabilityKey } from '../../../shared/wire/capability-key.ts';
import {
  type NodeRecord,
  openNodeRecord,
  signNodeRecord,
} from '../../../shared/wire/node-record.ts';

const suite = createNodeSuite();
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const key = Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
const NOW = 1_780_000_000_000;

const capability: CapabilityDescription = {
  name: 'count',
  version: '1.0.0',
  description: '',
  logic: 'client',
  datasets: [{ id: 'd', columns: ['a'] }],
  input: { type: 'null' },
  output: { type: 'boolean' },
  limits: { fuel: 1, memoryBytes: 1, deadlineMs: 1, outputBytes: 1, moduleBytes: 1 },
  egressPolicy: '0'.repeat(64),
  proofModes: ['attested'],
};
const record: NodeRecord = {
  peerId: 'peer',
  issuedAtMs: BigInt(NOW),
  expiresAtMs: BigInt(NOW + 1000),
  addresses: ['/ip4/127.0.0.1/tcp/1'],
  capabilities: [capability],
};
const signed = (value: NodeRecord) =>
  signNodeRecord(value, async (message) => sign(null, message, privateKey));
const code = (bytes: Uint8Array, peer = { id: 'peer', key }, at = NOW) => {
  try {
    openNodeRecord(suite, bytes, peer, at);
  } catch (error) {
    if (isNmpError(error)) return error.code;
    throw error;
  }
  return undefined;
};

describe('the node record', () => {
  it('comes back as it was signed', async () => {
    expect(openNodeRecord(suite, await signed(record), { id: 'peer', key }, NOW)).toEqual(record);
  });

  it('is refused with a capability that says more, or not what one says', async () => {
    for (const change of [{ more: 1 }, { name: 7 }]) {
      const changed = { ...capability, ...change } as unknown as CapabilityDescription;
      const capabilities = [changed];
      expect(code(await signed({ ...record, capabilities }))).toBe('NODE_RECORD_INVALID');
    }
  });

  it('is refused when expired, of another peer, under another key or changed anywhere', async () => {
    const bytes = await signed(record);
    expect(code(bytes, { id: 'peer', key }, NOW + 1000)).toBe('NODE_RECORD_INVALID');
    expect(code(bytes, { id: 'other', key })).toBe('NODE_RECORD_INVALID');
    expect(code(bytes, { id: 'peer', key: key.map((b) => b ^ 1) })).toBe('NODE_RECORD_INVALID');
    for (let at = 0; at < bytes.length; at += 3) {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      expect(code(changed)).toBe('NODE_RECORD_INVALID');
    }
  });

  it('is refused with a description that is none', async () => {
    const broken = { ...capability, egressPolicy: 'x' };
    expect(code(await signed({ ...record, capabilities: [broken] }))).toBe('NODE_RECORD_INVALID');
  });

  it('is found under a key of name, major version and schemas', () => {
    const of = (change: Partial<CapabilityDescription>) =>
      capabilityKey(suite, { ...capability, ...change }).toString();
    expect(of({})).toMatch(/^bafkrei/);
    expect(of({ version: '1.9.9', description: 'other' })).toBe(of({}));
    expect(of({ version: '2.0.0' })).not.toBe(of({}));
    expect(of({ name: 'other' })).not.toBe(of({}));
    expect(of({ output: { type: 'null' } })).not.toBe(of({}));
  });
});
