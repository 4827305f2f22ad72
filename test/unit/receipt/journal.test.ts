import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../shared/bytes.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import {
  commitToArguments,
  datasetsDigest,
  decodeJournal,
  JOURNAL_BYTES,
  receiptNonce,
} from '../../../shared/receipt/journal.ts';
import { codeOf } from '../../support/code-of.ts';

const suite = createNodeSuite();

function journal(): Uint8Array {
  const bytes = new Uint8Array(JOURNAL_BYTES).map((_, at) => at);
  bytes.set(utf8('NMPJ'));
  bytes.fill(0, 4, 56);
  bytes[4] = 2;
  bytes.set(utf8('nmp-wasm-zk-v1'), 8);
  bytes[40] = 2;
  bytes[48] = 200;
  return bytes;
}

describe('a journal', () => {
  it('is read field by field', () => {
    const fields = decodeJournal(journal());
    expect(fields).toMatchObject({ profile: 'nmp-wasm-zk-v1', outcome: 'out-of-fuel', fuel: 200n });
    const { moduleHash, argumentsCommitment, inputCommitment } = fields;
    const { datasets, outputCommitment, nonce } = fields;
    const starts = [
      moduleHash,
      argumentsCommitment,
      inputCommitment,
      datasets,
      outputCommitment,
      nonce,
    ].map((digest) => [digest[0], digest.length]);
    expect(starts).toEqual([56, 88, 120, 152, 184, 216].map((at) => [at, 32]));
  });

  it('is refused with another version, magic, length, outcome or reserved byte', () => {
    for (const [at, value] of [
      [0, 0x58],
      [4, 1],
      [4, 3],
      [40, 5],
      [41, 1],
      [44, 1],
    ] as const) {
      const bytes = journal();
      bytes[at] = value;
      expect(codeOf(() => decodeJournal(bytes))).toBe('RECEIPT_JOURNAL_VERSION');
    }
    for (const length of [0, 224, 247]) {
      const code = codeOf(() => decodeJournal(journal().subarray(0, length)));
      expect(code).toBe('RECEIPT_JOURNAL_VERSION');
    }
  });
});

describe('what a journal commits to', () => {
  const dataset = { id: 'a', commitment: new Uint8Array(32), columns: ['b', 'c'] };
  it('differs for every other table, column and order', () => {
    const digests = [
      [],
      [dataset],
      [{ ...dataset, id: 'ab', columns: ['c'] }],
      [{ ...dataset, columns: ['c', 'b'] }],
      [{ ...dataset, columns: ['bc'] }],
      [dataset, dataset],
    ].map((datasets) => Buffer.from(datasetsDigest(suite, datasets)).toString('hex'));
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('depends on salt, session and call', () => {
    const bytes = (byte: number) => new Uint8Array(32).fill(byte);
    expect(commitToArguments(suite, bytes(1), utf8('{}'))).not.toEqual(
      commitToArguments(suite, bytes(2), utf8('{}')),
    );
    expect(() => commitToArguments(suite, new Uint8Array(31), utf8('{}'))).toThrow(RangeError);
    const transcript = new Uint8Array(48);
    const nonce = receiptNonce(suite, transcript, bytes(1));
    expect(nonce).not.toEqual(receiptNonce(suite, transcript, bytes(2)));
    expect(nonce).not.toEqual(
      receiptNonce(
        suite,
        transcript.map(() => 1),
        bytes(1),
      ),
    );
  });

  it('is what docs/protocol.md says, hashed apart from this code', () => {
    const hash = (...parts: readonly Buffer[]) =>
      createHash('sha256').update(Buffer.concat(parts)).digest('hex');
    const u32 = (value: number) => {
      const out = Buffer.alloc(4);
      out.writeUInt32LE(value);
      return out;
    };
    const text = (bytes: string | Uint8Array) => {
      const part = Buffer.from(bytes);
      return Buffer.concat([u32(part.length), part]);
    };
    const commitment = new Uint8Array(32).fill(5);
    const expected = hash(
      Buffer.from('nmp-datasets/v1'),
      ...[u32(1), text('a'), text(commitment), u32(2), text('b'), text('é')],
    );
    const datasets = [{ id: 'a', commitment, columns: ['b', 'é'] }];
    expect(Buffer.from(datasetsDigest(suite, datasets)).toString('hex')).toBe(expected);
    const salt = Buffer.alloc(32, 6);
    const args = Buffer.from('{"x":1}');
    expect(Buffer.from(commitToArguments(suite, salt, args)).toString('hex')).toBe(
      hash(Buffer.from('nmp-arguments/v1'), salt, args),
    );
    for (const length of [31, 33]) {
      expect(() => commitToArguments(suite, new Uint8Array(length), args)).toThrow(
        new RangeError('salt must have 32 bytes'),
      );
    }
    const [transcript, call] = [Buffer.alloc(48, 7), Buffer.alloc(32, 8)];
    expect(Buffer.from(receiptNonce(suite, transcript, call)).toString('hex')).toBe(
      hash(Buffer.from('nmp-receipt-nonce/v1'), transcript, call),
    );
  });
});
