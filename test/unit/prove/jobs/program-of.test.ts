import { describe, expect, it } from 'vitest';
import { programOf } from '../../../../enclave/prove/jobs/program-of.ts';
import { encodeProverRequest, moduleOfRequest } from '../../../../enclave/prove/prover-request.ts';
import { fromHex } from '../../../../shared/bytes.ts';
import { createNodeSuite } from '../../../../shared/crypto/suite-node.ts';
import { RECEIPT_IMAGES } from '../../../../shared/receipt/images.ts';
import { createSealVerifier } from '../../../../shared/receipt/seal.ts';
import { constantModule } from '../../../support/modules.ts';
import { receiptVector, VERIFIER_WASM } from '../../../support/receipts.ts';

const seals = await createSealVerifier(createNodeSuite(), VERIFIER_WASM);
const imageId = fromHex(RECEIPT_IMAGES[0] ?? '') ?? new Uint8Array(0);
const local = { imageId };

const requestFor = (module: Uint8Array) =>
  encodeProverRequest({
    translate: true,
    nonce: new Uint8Array(32).fill(1),
    inputSalt: new Uint8Array(32).fill(2),
    outputSalt: new Uint8Array(32).fill(3),
    fuel: 1_000_000n,
    module,
    input: Uint8Array.of(1, 2, 3),
    openings: [],
  });

/** The journal of a stored receipt, as the node's own executor would quote it. */
async function quoteOf(name: string) {
  const { receipt, request } = receiptVector(name);
  return { journal: (await seals.check(receipt, request.imageId)).journal };
}

describe('the program that a receipt from elsewhere must be about', () => {
  it('is the translation of the very module, where the quote says so', async () => {
    const { module, receipt, request } = receiptVector('translated-sum');
    const quote = await quoteOf('translated-sum');
    const program = await programOf({ local, seals }, requestFor(module), quote);
    expect(program).toEqual(request.imageId);
    expect((await seals.check(receipt, program)).failure).toBeUndefined();
    // The same receipt brought for a request with another module.
    const other = await programOf({ local, seals }, requestFor(constantModule('1')), quote);
    expect((await seals.check(receipt, other)).failure).toBe('RECEIPT_IMAGE');
  });

  it('is the interpreter, where the quote says so', async () => {
    const { module, receipt } = receiptVector('sum');
    const quote = await quoteOf('sum');
    const program = await programOf({ local, seals }, requestFor(module), quote);
    expect(program).toEqual(imageId);
    expect((await seals.check(receipt, program)).failure).toBeUndefined();
    const { receipt: translated } = receiptVector('translated-sum');
    expect((await seals.check(translated, program)).failure).toBe('RECEIPT_IMAGE');
  });

  it('is none for a module that is not translated, or a request that is cut short', async () => {
    const quote = await quoteOf('translated-sum');
    const none = new Uint8Array(32);
    const request = requestFor(Uint8Array.of(1, 2, 3));
    expect(await programOf({ local, seals }, request, quote)).toEqual(none);
    expect(await programOf({ local, seals }, request.subarray(0, 40), quote)).toEqual(none);
  });
});

it('a module is found in its request, at any place in a buffer', () => {
  const module = constantModule('{"n":9}');
  const request = requestFor(module);
  const moved = new Uint8Array(request.length + 3);
  moved.set(request, 3);
  expect(moduleOfRequest(moved.subarray(3))).toEqual(module);
  expect(moduleOfRequest(request.subarray(0, 116 + module.length - 1))).toBeUndefined();
  expect(moduleOfRequest(request.subarray(0, 115))).toBeUndefined();
});
