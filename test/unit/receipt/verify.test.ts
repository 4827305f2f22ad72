import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, utf8 } from '../../../shared/bytes.ts';
import { createNobleSuite } from '../../../shared/crypto/suite-noble.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { RECEIPT_IMAGES } from '../../../shared/receipt/images.ts';
import { formatReceiptRequest, parseReceiptRequest } from '../../../shared/receipt/request.ts';
import { createSealVerifier } from '../../../shared/receipt/seal.ts';
import { createReceiptVerifier, type ReceiptRequest } from '../../../shared/receipt/verify.ts';
import { systemRandom } from '../../../shared/runtime.ts';
import { codeOf, codeOfAsync } from '../../support/code-of.ts';
import {
  GUEST_IMAGE,
  receiptVector,
  receiptVerifier,
  VERIFIER_WASM,
} from '../../support/receipts.ts';

const { receipt, module, request } = receiptVector('sum');
const verifier = await receiptVerifier;
const other = new Uint8Array(32).fill(7);
const codeFor = (changed: Uint8Array, asked: ReceiptRequest = request, wasm = module) =>
  codeOfAsync(verifier.verify(wasm, changed, asked));

/** The receipt with `bytes` written over what lies at `at`. */
function patched(at: number, bytes: Uint8Array): Uint8Array {
  const out = receipt.slice();
  out.set(bytes, at);
  return out;
}

/** The journal itself; the claim of the last segment holds a copy before it. */
const JOURNAL_AT = Buffer.from(receipt).lastIndexOf('NMPJ');

describe('stored receipts', () => {
  it.each([
    ['sum', 'ok'],
    ['group-by', 'ok'],
    ['trap', 'trap'],
    ['out-of-fuel', 'out-of-fuel'],
  ])('%s is proven to have ended %s', async (name, outcome) => {
    const vector = receiptVector(name);
    const verified = await verifier.verify(vector.module, vector.receipt, vector.request);
    expect(verified.kind).toBe('stark-composite');
    expect(verified.journal.outcome).toBe(outcome);
    expect(RECEIPT_IMAGES).toContain(verified.imageId);
  });

  it('holds with the suite of browsers too', async () => {
    const web = await createReceiptVerifier(
      { suite: createNobleSuite(systemRandom) },
      { wasm: VERIFIER_WASM },
    );
    expect((await web.verify(module, receipt, request)).journal.outcome).toBe('ok');
  });

  it('is about the guest program that is committed', async () => {
    const seals = await createSealVerifier(createNodeSuite(), VERIFIER_WASM);
    const program = Uint8Array.from(readFileSync(GUEST_IMAGE));
    expect(toHex((await seals.imageId(program)) ?? other)).toBe(RECEIPT_IMAGES[0]);
    program[program.length >> 1]! ^= 1;
    expect(toHex((await seals.imageId(program)) ?? other)).not.toBe(RECEIPT_IMAGES[0]);
    expect(await seals.imageId(utf8('no program'))).toBeUndefined();
  });
});

describe('a request that the receipt is not about', () => {
  const dataset = request.datasets[0];
  if (dataset === undefined) throw new Error('the vector has a table');
  it.each<[string, Partial<ReceiptRequest>]>([
    ['RECEIPT_ARGUMENTS', { arguments: utf8('{"limit":8}') }],
    ['RECEIPT_ARGUMENTS', { inputSalt: other }],
    ['RECEIPT_INPUT', { inputCommitment: other }],
    ['RECEIPT_DATASETS', { datasets: [] }],
    ['RECEIPT_DATASETS', { datasets: [{ ...dataset, commitment: other }] }],
    ['RECEIPT_DATASETS', { datasets: [{ ...dataset, id: 'others' }] }],
    ['RECEIPT_DATASETS', { datasets: [{ ...dataset, columns: ['age'] }] }],
    ['RECEIPT_DATASETS', { datasets: [dataset, { ...dataset, id: 'more' }] }],
    ['RECEIPT_OUTPUT', { output: utf8('{"s":1}') }],
    ['RECEIPT_OUTPUT', { outputSalt: other }],
    ['RECEIPT_NONCE', { nonce: other }],
    ['RECEIPT_FUEL', { fuel: 1n }],
    ['RECEIPT_OUTCOME', { outcome: 'trap' }],
    ['RECEIPT_IMAGE', { imageId: other }],
    ['RECEIPT_IMAGE', { imageId: new Uint8Array(0) }],
  ])('%s: %o', async (code, change) => {
    expect(await codeFor(receipt, { ...request, ...change })).toBe(code);
  });

  it('RECEIPT_MODULE for another module', async () => {
    expect(await codeFor(receipt, request, Uint8Array.of(0, 97, 115, 109))).toBe('RECEIPT_MODULE');
    expect(await codeOfAsync(verifier.verifyHash(other, receipt, request))).toBe('RECEIPT_MODULE');
  });

  it('is found out with a receipt of another module, session or outcome', async () => {
    const trap = receiptVector('trap');
    expect(await codeFor(trap.receipt)).toBe('RECEIPT_MODULE');
    const elsewhere = { ...trap.request, nonce: other };
    expect(await codeFor(trap.receipt, elsewhere, trap.module)).toBe('RECEIPT_NONCE');
    const claimed: ReceiptRequest = { ...trap.request, outcome: 'ok' };
    expect(await codeFor(trap.receipt, claimed, trap.module)).toBe('RECEIPT_OUTCOME');
  });

  it('RECEIPT_IMAGE for a guest that this release does not know, whoever pins it', async () => {
    const wasm = VERIFIER_WASM;
    const strict = await createReceiptVerifier(
      { suite: createNodeSuite() },
      { wasm, images: [toHex(other)] },
    );
    expect(await codeOfAsync(strict.verify(module, receipt, request))).toBe('RECEIPT_IMAGE');
  });
});

describe('a receipt that was changed', () => {
  it('is refused if it is cut, longer, empty or not one at all', async () => {
    for (const length of [0, 1, 4, 1000, receipt.length - 1]) {
      expect(await codeFor(receipt.subarray(0, length))).toBe('RECEIPT_MALFORMED');
    }
    const longer = new Uint8Array(receipt.length + 1);
    longer.set(receipt);
    expect(await codeFor(longer)).toBe('RECEIPT_MALFORMED');
    expect(await codeFor(new Uint8Array(9 * 1024 * 1024))).toBe('RECEIPT_MALFORMED');
    expect(await codeFor(new Uint8Array(1000).fill(0xff))).toBe('RECEIPT_MALFORMED');
  });

  it('is refused by kind if it is fake, succinct or Groth16', async () => {
    // borsh of a fake receipt: variant 3, a pruned claim; then journal and parameters as they are.
    const journal = JOURNAL_AT - 4;
    const fake = new Uint8Array([3, 1, ...other, ...receipt.subarray(journal)]);
    expect(await codeFor(fake)).toBe('RECEIPT_KIND');
    process.env.RISC0_DEV_MODE = '1';
    try {
      expect(await codeFor(fake)).toBe('RECEIPT_KIND');
    } finally {
      delete process.env.RISC0_DEV_MODE;
    }
    for (const variant of [1, 2]) {
      expect(await codeFor(patched(0, Uint8Array.of(variant)))).toBe('RECEIPT_MALFORMED');
    }
  });

  it('is refused for every byte of the journal', async () => {
    for (let at = JOURNAL_AT; at < JOURNAL_AT + 248; at += 9) {
      const changed = patched(at, Uint8Array.of((receipt[at] ?? 0) ^ 1));
      expect(await codeFor(changed)).toBe('RECEIPT_JOURNAL_DIGEST');
    }
  }, 60_000);

  it('is refused for changed bytes anywhere, seal, claims and parameters', async () => {
    // NMP_FUZZ=1000 in the larger run; the positions are drawn anew each time.
    const rounds = Number(process.env.NMP_FUZZ ?? 60);
    for (let i = 0; i < rounds; i++) {
      const at = randomInt(receipt.length);
      const bit = 1 << randomInt(8);
      const changed = patched(at, Uint8Array.of((receipt[at] ?? 0) ^ bit));
      expect(await codeFor(changed), `bit ${bit} at ${at}`).toMatch(/^RECEIPT_/);
    }
  }, 600_000);

  it('is refused with RECEIPT_SEAL in the middle of the seal', async () => {
    const at = receipt.length >> 2;
    expect(await codeFor(patched(at, Uint8Array.of((receipt[at] ?? 0) ^ 1)))).toBe('RECEIPT_SEAL');
  });
});

describe('the verifier', () => {
  it('is the file that is pinned, or none', async () => {
    const wasm = Uint8Array.from(VERIFIER_WASM);
    wasm[wasm.length - 1]! ^= 1;
    const made = createReceiptVerifier({ suite: createNodeSuite() }, { wasm });
    expect(await codeOfAsync(made)).toBe('RECEIPT_VERIFIER');
  });

  it('imports nothing', async () => {
    const compiled = await WebAssembly.compile(Uint8Array.from(VERIFIER_WASM));
    expect(WebAssembly.Module.imports(compiled)).toEqual([]);
  });
});

describe('a request file', () => {
  it('is read back as it was written', () => {
    expect(parseReceiptRequest(formatReceiptRequest(request))).toEqual(request);
  });

  it('is refused with RECEIPT_REQUEST in any other form', () => {
    const good = JSON.parse(formatReceiptRequest(request)) as Record<string, unknown>;
    const bad: readonly unknown[] = [
      null,
      [],
      { ...good, version: 1 },
      { ...good, mode: 'stark-succinct' },
      { ...good, mode: 'attested' },
      { ...good, more: 1 },
      { ...good, nonce: 'ab' },
      { ...good, imageId: String(good.imageId).toUpperCase() },
      { ...good, fuel: 200 },
      { ...good, fuel: '-1' },
      { ...good, outcome: 'fine' },
      { ...good, output: 1 },
      { ...good, datasets: [{}] },
    ];
    for (const value of bad) {
      expect(codeOf(() => parseReceiptRequest(JSON.stringify(value)))).toBe('RECEIPT_REQUEST');
    }
    expect(codeOf(() => parseReceiptRequest('{'))).toBe('RECEIPT_REQUEST');
    expect(fromHex(String(good.nonce))).toEqual(request.nonce);
  });
});
