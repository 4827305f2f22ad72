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
});
