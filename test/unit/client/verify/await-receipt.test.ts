import { describe, expect, it } from 'vitest';
import type { Attested } from '../../../../client/session/node-session.ts';
import { awaitReceipt, verifyZkReceipt } from '../../../../client/verify/await-receipt.ts';
import { utf8 } from '../../../../shared/bytes.ts';
import { createNodeSuite } from '../../../../shared/crypto/suite-node.ts';
import { NmpError } from '../../../../shared/errors.ts';
import { receiptNonce } from '../../../../shared/receipt/journal.ts';
import type { ReceiptRequest, ReceiptVerifier } from '../../../../shared/receipt/verify.ts';
import { type LogicRequest, LogicResponse } from '../../../../shared/wire/codec.ts';
import { encodeRefusal } from '../../../../shared/wire/refusal.ts';
import { codeOfAsync } from '../../../support/code-of.ts';

const suite = createNodeSuite();
const bytes = (byte: number) => new Uint8Array(32).fill(byte);
const attested = {
  transcript: new Uint8Array(48).fill(5),
  statement: {
    datasets: [{ id: 'd', rows: 1, columns: ['a', 'b'], commitment: bytes(6) }],
  },
} as unknown as Attested;
const proven = {
  moduleHash: bytes(2),
  module: undefined,
  arguments: utf8('{}'),
  fuel: 7n,
  requestNonce: bytes(3),
  datasets: [{ id: 'd', columns: ['b'] }],
};
const responseOf = (fields: Parameters<typeof LogicResponse.encode>[0]) =>
  LogicResponse.decode(LogicResponse.encode(fields));
const answer = responseOf({
  semanticEvidence: '{"n":1}',
  inputSalt: bytes(7),
  outputSalt: bytes(8),
  inputCommitment: bytes(9),
  job: 'job',
});

/** A node that answers one poll after the other, and what was asked of it and of the verifier. */
function scene(polls: readonly LogicResponse[], failure?: NmpError) {
  const asked: Partial<LogicRequest>[] = [];
  const verified: ReceiptRequest[] = [];
  let slept = 0;
  const refuse = () => Promise.reject(new NmpError('INTERNAL'));
  const verifier: ReceiptVerifier = {
    verify: async (_module, _receipt, request) => verifier.verifyHash(bytes(2), bytes(0), request),
    // A translation names its module, here by its bytes; an interpreter does not.
    imageOf: async (_receipt, module) => module ?? bytes(1),
    verifyHash: async (_hash, _receipt, request) => {
      verified.push(request);
      throw failure ?? new NmpError('RECEIPT_SEAL');
    },
    inspect: refuse,
  };
  const passing: ReceiptVerifier = {
    ...verifier,
    verifyHash: async (_hash, _receipt, request) => {
      verified.push(request);
      return { kind: 'stark-composite', imageId: '', segments: 1, journal: undefined as never };
    },
  };
  return {
    asked,
    verified,
    slept: () => slept,
    components: (held: boolean) => ({
      suite,
      verifier: held ? passing : verifier,
      sleep: async (_ms: number, signal: AbortSignal) => {
        slept++;
        if (signal.aborted) throw new NmpError('TIMEOUT');
      },
      ask: async (request: Partial<LogicRequest>) => {
        const response = polls[Math.min(asked.push(request), polls.length) - 1];
        return { response: response ?? answer, attested };
      },
    }),
  };
}

const waiting = responseOf({ job: 'job', jobState: 'queued', jobBefore: 2, segments: 3 });
const proving = responseOf({ job: 'job', jobState: 'proving', segments: 3, segmentsProven: 1 });
const done = responseOf({ job: 'job', jobState: 'proven', segments: 3, zkReceipt: bytes(4) });
const signal = new AbortController().signal;

describe('the ZK shield', () => {
  it('waits, tells how far the proof is, and verifies against what the client knows', async () => {
    const seen: unknown[] = [];
    const { components, verified, slept, asked } = scene([waiting, proving, done]);
    const receipt = await awaitReceipt(components(true), { response: answer, attested }, proven, {
      signal,
      onProof: (progress) => seen.push(progress),
    });
    expect(receipt.bytes).toEqual(bytes(4));
    expect(verified).toEqual([receipt.request]);
    expect(receipt.request).toEqual({
      imageId: bytes(1),
      nonce: receiptNonce(suite, attested.transcript, bytes(3)),
      fuel: 7n,
      arguments: utf8('{}'),
      inputSalt: bytes(7),
      inputCommitment: bytes(9),
      datasets: [{ id: 'd', columns: ['b'], commitment: bytes(6) }],
      outputSalt: bytes(8),
      output: utf8('{"n":1}'),
      outcome: 'ok',
    });
    expect(asked).toEqual([{ job: 'job' }, { job: 'job' }, { job: 'job' }]);
    expect(slept()).toBe(2);
    expect(seen[1]).toEqual({ state: 'proving', before: 0, proven: 1, segments: 3 });
  });

  it('takes the translation of a module that it has, and knows no other by a hash', async () => {
    const { components, verified } = scene([done]);
    const verifiedModules: Uint8Array[] = [];
    const parts = components(true);
    const verify: ReceiptVerifier['verify'] = async (module, bytes, request) => {
      verifiedModules.push(module);
      return parts.verifier.verifyHash(module, bytes, request);
    };
    const receipt = await awaitReceipt(
      { ...parts, verifier: { ...parts.verifier, verify } },
      { response: answer, attested },
      { ...proven, module: bytes(11) },
      { signal },
    );
    expect(receipt.request.imageId).toEqual(bytes(11));
    expect(verified).toEqual([receipt.request]);
    expect(verifiedModules).toEqual([bytes(11)]);
  });

  const codeFor = (polls: readonly LogicResponse[], response = answer, asked = proven) =>
    codeOfAsync(
      awaitReceipt(scene(polls).components(false), { response, attested }, asked, { signal }),
    );

  it('lets nothing go if the receipt does not hold', async () => {
    expect(await codeFor([done])).toBe('RECEIPT_SEAL');
  });

  it('lets nothing go without a proof, or if the node gives it up', async () => {
    expect(await codeFor([done], responseOf({ semanticEvidence: '1' }))).toBe('CALL_PROOF_MODE');
    expect(await codeFor([responseOf({ job: 'job', jobState: 'proven' })])).toBe('RECEIPT_JOB');
    expect(await codeFor([responseOf({ job: 'job', jobState: 'cancelled' })])).toBe('RECEIPT_JOB');
    const refusal = encodeRefusal({
      stage: 'receipt',
      code: 'RECEIPT_PROVER',
      countBucket: '0',
      retryable: false,
      auditId: 'a',
      reasons: [],
    });
    expect(await codeFor([LogicResponse.decode(refusal)])).toBe('RECEIPT_PROVER');
  });

  it('lets nothing go about a dataset that the attested statement does not name', async () => {
    const asked = { ...proven, datasets: [{ id: 'x', columns: ['b'] }] };
    expect(await codeFor([done], answer, asked)).toBe('RECEIPT_DATASETS');
  });

  it('cancels the proof when nobody waits for it any more', async () => {
    const { components, asked } = scene([proving]);
    const aborted = AbortSignal.abort();
    const waited = awaitReceipt(components(true), { response: answer, attested }, proven, {
      signal: aborted,
    });
    expect(await codeOfAsync(waited)).toBe('TIMEOUT');
    expect(asked.at(-1)).toEqual({ job: 'job', cancelJob: true });
  });
});

describe('a kept receipt', () => {
  it('is refused under another image id than it was asked for with', async () => {
    const { components, verified } = scene([done]);
    const receipt = await awaitReceipt(components(true), { response: answer, attested }, proven, {
      signal,
    });
    const { verifier } = components(false);
    const other = verifyZkReceipt(verifier, bytes(0), bytes(0), receipt);
    expect(await codeOfAsync(other)).toBe('RECEIPT_IMAGE');
    expect(verified.length).toBe(1);
    const same = verifyZkReceipt(verifier, bytes(0), bytes(1), receipt);
    expect(await codeOfAsync(same)).toBe('RECEIPT_SEAL');
  });
});
