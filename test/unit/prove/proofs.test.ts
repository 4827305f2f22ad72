import { describe, expect, it } from 'vitest';
import { createProofs } from '../../../enclave/prove/proofs.ts';
import type { Prover } from '../../../enclave/prove/prover.ts';
import { encodeProverRequest, type ProverRequest } from '../../../enclave/prove/prover-request.ts';
import { utf8 } from '../../../shared/bytes.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { commitTo, OUTPUT_LABEL } from '../../../shared/receipt/commitment.ts';
import { systemClock, systemRandom } from '../../../shared/runtime.ts';
import { codeOf, codeOfAsync } from '../../support/code-of.ts';

const suite = createNodeSuite();
const bytes = (byte: number) => new Uint8Array(32).fill(byte);
const run: ProverRequest = {
  translate: true,
  nonce: bytes(1),
  inputSalt: bytes(2),
  outputSalt: bytes(3),
  fuel: 0x0102n,
  module: Uint8Array.of(0xaa, 0xbb),
  input: new Uint8Array(9).fill(0xcc),
  openings: [[{ name: 'a', index: 5, columns: 7, salt: bytes(4), path: [bytes(6), bytes(8)] }]],
};
const output = utf8('{"n":1}');
const never = new AbortController().signal;

function journal(outcome: number, committed: Uint8Array): Uint8Array {
  const out = new Uint8Array(248);
  out.set(utf8('NMPJ'));
  out[4] = 2;
  out[40] = outcome;
  out.set(commitTo(suite, OUTPUT_LABEL, run.outputSalt, committed), 184);
  return out;
}

function proofsOf(quoted: Uint8Array) {
  const prover: Prover = {
    imageId: bytes(9),
    quote: async () => ({ journal: quoted, cycles: 262_144, segments: 1 }),
    prove: async () => Uint8Array.of(1),
  };
  const availableMemory = () => Number.MAX_SAFE_INTEGER;
  return createProofs({
    ...{ prover, suite, availableMemory },
    clock: systemClock,
    random: systemRandom,
  });
}

describe('a prover request', () => {
  it('says first which programs may prove it', () => {
    const [either, interpreted] = [true, false].map((translate) =>
      encodeProverRequest({ ...run, translate }),
    );
    expect([...(either ?? []).slice(0, 4)]).toEqual([2, 0, 0, 0]);
    expect([...(interpreted ?? []).slice(0, 4)]).toEqual([1, 0, 0, 0]);
  });

  it('then has the layout that the programs read', () => {
    const encoded = encodeProverRequest(run).slice(4);
    const view = new DataView(encoded.buffer);
    expect([encoded[0], encoded[32], encoded[64]]).toEqual([1, 2, 3]);
    expect(view.getBigUint64(96, true)).toBe(0x0102n);
    expect([view.getUint32(104, true), view.getUint32(108, true)]).toEqual([2, 9]);
    expect([...encoded.subarray(112, 120)]).toEqual([0xaa, 0xbb, 0, 0, 0, 0, 0, 0]);
    expect([...encoded.subarray(128, 136)]).toEqual([0xcc, 0, 0, 0, 0, 0, 0, 0]);
    expect([view.getUint32(136, true), view.getUint32(140, true)]).toEqual([7, 5]);
    expect([encoded[144], view.getUint32(176, true)]).toEqual([4, 2]);
    expect([encoded[180], encoded[212], encoded.length]).toEqual([6, 8, 244]);
  });
});

describe('the proof of a released answer', () => {
  it('is quoted, queued and then there for the peer', async () => {
    const proofs = proofsOf(journal(0, output));
    const offer = await proofs.offer('a', run, output, never);
    expect(offer).toMatchObject({ cycles: 262_144, segments: 1 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(proofs.status('a', offer.job)).toMatchObject({
      state: 'proven',
      receipt: Uint8Array.of(1),
    });
    expect(codeOf(() => proofs.status('b', offer.job))).toBe('RECEIPT_JOB');
  });

  it('is not begun if the proven run gives another output, or none', async () => {
    const other = proofsOf(journal(0, utf8('{"n":2}')));
    const trapped = proofsOf(journal(1, output));
    expect(await codeOfAsync(other.offer('a', run, output, never))).toBe('RECEIPT_DIVERGED');
    expect(await codeOfAsync(trapped.offer('a', run, output, never))).toBe('RECEIPT_DIVERGED');
  });

  it('is refused once the node stops', async () => {
    const proofs = proofsOf(journal(0, output));
    proofs.stop();
    expect(await codeOfAsync(proofs.offer('a', run, output, never))).toBe('RECEIPT_BUSY');
  });
});
