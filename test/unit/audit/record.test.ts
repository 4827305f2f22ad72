import { createCipheriv, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createAuditSink } from '../../../enclave/egress/gate/audit.ts';
import { openAuditRecord, sealAuditRecord } from '../../../shared/audit/record.ts';
import { createNobleSuite } from '../../../shared/crypto/suite-noble.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { seededRandom } from '../../support/clock.ts';
import { codeOf } from '../../support/code-of.ts';
import { watchSuite } from '../../support/watched-suite.ts';

const suite = createNodeSuite();
const random = seededRandom(9);
const owner = suite.kem.generate();

describe('the audit record', () => {
  it('is read by the owner alone, and by no other implementation differently', () => {
    const text = Buffer.from('{"codes":["EMAIL"]}');
    const sealed = sealAuditRecord({ suite, random }, owner.publicKey, text);
    expect(Buffer.from(openAuditRecord(suite, owner, sealed))).toEqual(text);
    expect(Buffer.from(openAuditRecord(createNobleSuite(random), owner, sealed))).toEqual(text);
    const other = suite.kem.generate();
    expect(codeOf(() => openAuditRecord(suite, other, sealed))).toBe('AUDIT_RECORD');
  });

  it('says no length that goes beyond itself', () => {
    // Sealed as docs/protocol.md has it, apart from the code that is under test.
    const forged = (length: number) => {
      const { ciphertext, sharedSecret } = suite.kem.encapsulate(owner.publicKey);
      const label = Buffer.from('nmp audit record v1');
      const key = createHmac('sha384', sharedSecret).update(label).update(ciphertext).digest();
      const magic = Buffer.from('NMPA\u0001');
      const nonce = Buffer.alloc(12, 3);
      const padded = Buffer.alloc(4096, 'x');
      padded.writeUInt32BE(length);
      const cipher = createCipheriv('aes-256-gcm', key.subarray(0, 32), nonce).setAAD(magic);
      const body = [cipher.update(padded), cipher.final(), cipher.getAuthTag()];
      return Uint8Array.from(Buffer.concat([magic, ciphertext, nonce, ...body]));
    };
    expect(openAuditRecord(suite, owner, forged(4092))).toHaveLength(4092);
    for (const length of [4093, 2 ** 32 - 1]) {
      expect(codeOf(() => openAuditRecord(suite, owner, forged(length)))).toBe('AUDIT_RECORD');
    }
  });

  it('has the same length for one finding and for sixteen', () => {
    const kept: Uint8Array[] = [];
    const sink = createAuditSink(
      { suite, random, keep: (sealed) => kept.push(sealed) },
      { ownerKey: Buffer.from(owner.publicKey).toString('base64url') },
    );
    for (const count of [1, 40]) {
      sink.write({
        auditId: new Uint8Array(16),
        atMs: 1,
        client: 'peer',
        capability: 'mean@1.0.0',
        moduleHash: new Uint8Array(32),
        codes: ['EMAIL'],
        findings: Array.from({ length: count }, (_, i) => ({ rule: 'email', path: `$.a[${i}]` })),
      });
    }
    const [one, many] = kept;
    expect(one?.length).toBe(many?.length);
    const text = Buffer.from(openAuditRecord(suite, owner, many ?? new Uint8Array()));
    expect(JSON.parse(text.toString()).findings).toHaveLength(16);
    expect(Buffer.from(many ?? []).includes('email')).toBe(false);
  });

  it('refuses whatever was changed, cut or lengthened', () => {
    const sealed = sealAuditRecord({ suite, random }, owner.publicKey, Buffer.from('x'));
    const wrong = [
      ...[0, 4, 5, 1124, 1125, 1136, 1137, sealed.length - 1].map((at) =>
        sealed.with(at, (sealed[at] ?? 0) ^ 1),
      ),
      sealed.subarray(0, sealed.length - 1),
      sealed.subarray(0, 40),
      new Uint8Array(0),
      Buffer.concat([sealed, Buffer.alloc(1)]),
    ];
    for (const record of wrong) {
      expect(codeOf(() => openAuditRecord(suite, owner, record))).toBe('AUDIT_RECORD');
    }
  });

  it('takes no text over its limit and no key that is none', () => {
    const seal = (key: Uint8Array, text: Uint8Array) =>
      codeOf(() => sealAuditRecord({ suite, random }, key, text));
    expect(seal(owner.publicKey, new Uint8Array(64 * 1024 + 1))).toBe('FRAME_SIZE');
    expect(seal(new Uint8Array(10), new Uint8Array(1))).toBe('HANDSHAKE_KEM');
  });

  it('grows by blocks only, up to the longest text', () => {
    const sealed = (bytes: number) =>
      sealAuditRecord({ suite, random }, owner.publicKey, new Uint8Array(bytes).fill(7));
    const frame = 5 + 1120 + 12 + 16;
    // The length takes four bytes of the first block.
    for (const [bytes, blocks] of [
      [0, 1],
      [4092, 1],
      [4093, 2],
      [64 * 1024, 17],
    ] as const) {
      const record = sealed(bytes);
      expect([bytes, record.length]).toEqual([bytes, frame + 4096 * blocks]);
      expect(openAuditRecord(suite, owner, record)).toEqual(new Uint8Array(bytes).fill(7));
    }
  });

  it('asks the owner’s key nothing about a record of a length that none has', () => {
    const watched = watchSuite(suite);
    const pair = watched.watchedPair(owner);
    const frame = 5 + 1120 + 12 + 16;
    const magic = Buffer.from('NMPA\u0001');
    const record = (bytes: number) => Buffer.concat([magic, Buffer.alloc(bytes - magic.length)]);
    for (const bytes of [frame, frame + 4095, frame + 17 * 4096 + 1]) {
      expect(codeOf(() => openAuditRecord(watched, pair, record(bytes)))).toBe('AUDIT_RECORD');
    }
    expect(watched.opened).toBe(0);
    for (const bytes of [frame + 4096, frame + 17 * 4096]) {
      expect(codeOf(() => openAuditRecord(watched, pair, record(bytes)))).toBe('AUDIT_RECORD');
    }
    expect(watched.opened).toBe(2);
  });

  it('forgets secrets and keys on both sides, and of a record that is forged', () => {
    const watched = watchSuite(suite);
    const pair = watched.watchedPair(owner);
    const sealed = sealAuditRecord({ suite: watched, random }, owner.publicKey, Buffer.from('x'));
    expect(watched.keysWiped).toBe(1);
    openAuditRecord(watched, pair, sealed);
    expect(watched.keysWiped).toBe(2);
    const forged = sealed.with(2000, (sealed[2000] ?? 0) ^ 1);
    expect(codeOf(() => openAuditRecord(watched, pair, forged))).toBe('AUDIT_RECORD');
    expect([watched.keysMade, watched.keysWiped]).toEqual([3, 3]);
    expect(watched.secrets).toEqual(Array.from({ length: 3 }, () => new Uint8Array(32)));
  });
});
