import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../shared/bytes.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { isNmpError } from '../../../shared/errors.ts';
import type { CapabilityDescription } from '../../../shared/policy/capability.ts';
import { canonicalJson } from '../../../shared/wire/canonical-json.ts';
import { capabilityKey } from '../../../shared/wire/capability-key.ts';
import { type CborValue, encodeCbor, uint } from '../../../shared/wire/cbor.ts';
import { encodeCoseSign1, signatureInput } from '../../../shared/wire/cose-sign1.ts';
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

  it('is refused with whatever its signer could put where a description stands', async () => {
    const text = canonicalJson(capability);
    const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    const withPayload = async (capabilities: CborValue, addresses: CborValue = []) => {
      const payload = encodeCbor(
        new Map<string, CborValue>([
          ...([
            ['peerId', 'peer'],
            ['issuedAtMs', uint(NOW)],
            ['expiresAtMs', uint(NOW + 1000)],
          ] as const),
          ['addresses', addresses],
          ['capabilities', capabilities],
        ]),
      );
      const input = signatureInput(utf8('nmp-node-record/v1'), payload);
      return encodeCoseSign1(payload, sign(null, input, privateKey));
    };
    expect(code(await withPayload([utf8(text)]))).toBeUndefined();
    for (const wrong of [
      // A text in the place of bytes, spaces, members in another order, no UTF-8, no JSON, too deep.
      text,
      utf8(` ${text}`),
      utf8(JSON.stringify(Object.fromEntries(Object.entries(capability).reverse()))),
      Uint8Array.of(0xff),
      utf8('{'),
      utf8(deep(66)),
    ]) {
      expect(code(await withPayload([wrong]))).toBe('NODE_RECORD_INVALID');
    }
    const many = (count: number) => Array.from({ length: count }, () => utf8(text));
    expect(code(await withPayload(many(64)))).toBeUndefined();
    expect(code(await withPayload(many(65)))).toBe('NODE_RECORD_INVALID');
    // Addresses are hints: those that are none are left out, and too many are no record.
    const addresses = ['/ip4/10.0.0.1/tcp/1', 7, 'x'.repeat(256), 'x'.repeat(257)];
    const opened = openNodeRecord(
      suite,
      await withPayload([], addresses),
      { id: 'peer', key },
      NOW,
    );
    expect(opened.addresses).toEqual(['/ip4/10.0.0.1/tcp/1', 'x'.repeat(256)]);
    const list = (count: number) => Array.from({ length: count }, () => '/a');
    expect(code(await withPayload([], list(32)))).toBeUndefined();
    expect(code(await withPayload([], list(33)))).toBe('NODE_RECORD_INVALID');
  });

  it('lives until the millisecond that it names', async () => {
    const bytes = await signed(record);
    expect(code(bytes, { id: 'peer', key }, NOW + 999)).toBeUndefined();
    expect(code(bytes, { id: 'peer', key }, NOW + 999.9)).toBeUndefined();
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
