/** Receipts of modules that were translated: the image id is the module's, and the client's own work. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { fromHex, toHex, utf8 } from '../../../shared/bytes.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { NmpError } from '../../../shared/errors.ts';
import { RECEIPT_IMAGES } from '../../../shared/receipt/images.ts';
import { TRANSLATED_PROFILE } from '../../../shared/receipt/journal.ts';
import { createSealVerifier } from '../../../shared/receipt/seal.ts';
import { createReceiptVerifier, type ReceiptRequest } from '../../../shared/receipt/verify.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { constantModule } from '../../support/modules.ts';
import {
  GUEST_IMAGE,
  receiptVector,
  receiptVerifier,
  VERIFIER_WASM,
} from '../../support/receipts.ts';

const suite = createNodeSuite();
const verifier = await receiptVerifier;
const seals = await createSealVerifier(suite, VERIFIER_WASM);
const { receipt, module, request } = receiptVector('translated-sum');
const interpreted = receiptVector('sum');
const other = new Uint8Array(32).fill(7);
const guest = fromHex(RECEIPT_IMAGES[0] ?? '') ?? other;
const codeFor = (asked: ReceiptRequest, wasm = module, sealed = receipt) =>
  codeOfAsync(verifier.verify(wasm, sealed, asked));

describe('stored receipts of translated modules', () => {
  it.each([
    ['translated-sum', 'ok'],
    ['translated-group-by', 'ok'],
    ['translated-trap', 'trap'],
    ['translated-out-of-fuel', 'out-of-fuel'],
  ])('%s is proven to have ended %s', async (name, outcome) => {
    const vector = receiptVector(name);
    const verified = await verifier.verify(vector.module, vector.receipt, vector.request);
    expect(verified.journal).toMatchObject({ outcome, profile: TRANSLATED_PROFILE });
    const image = await seals.translatedImageId(vector.module);
    expect(verified.imageId).toBe(toHex(image ?? other));
    expect(RECEIPT_IMAGES).not.toContain(verified.imageId);
  });

  it('say the same as those of the interpreter', async () => {
    expect(module).toEqual(interpreted.module);
    expect({ ...request, imageId: guest }).toEqual(interpreted.request);
  });
});

describe('the image id of a translation', () => {
  it('comes from the runtime that is committed', () => {
    const runtime = readFileSync(join(GUEST_IMAGE, '..', 'runtime.elf'));
    expect(runtime.length).toBeGreaterThan(10_000);
    expect(VERIFIER_WASM.includes(runtime)).toBe(true);
  });

  it('is another for every other module', async () => {
    const longer = new Uint8Array([...module, 0, 1, 0]);
    const ids = await Promise.all(
      [module, longer, constantModule('1'), constantModule('2')].map(seals.translatedImageId),
    );
    expect(new Set(ids.map((id) => toHex(id ?? new Uint8Array(0)))).size).toBe(4);
    expect(ids.every((id) => id?.length === 32)).toBe(true);
  });

  it('is none for what the translator does not take', async () => {
    const importing = [
      ...constantModule('1').subarray(0, 8),
      2,
      7,
      1,
      1,
      0x61,
      1,
      0x62,
      3,
      0x7f,
      0,
    ];
    for (const bytes of [
      new Uint8Array(0),
      utf8('no module'),
      module.subarray(0, module.length - 1),
      Uint8Array.from(importing),
      new Uint8Array(1024 * 1024 + 1),
      new Uint8Array(16 * 1024 * 1024),
    ]) {
      expect(await seals.translatedImageId(bytes)).toBeUndefined();
    }
  });
});

describe('a request that a translated receipt is not about', () => {
  const dataset = request.datasets[0];
  if (dataset === undefined) throw new Error('the vector has a table');
  it.each<[string, Partial<ReceiptRequest>]>([
    ['RECEIPT_IMAGE', { imageId: other }],
    ['RECEIPT_IMAGE', { imageId: guest }],
    ['RECEIPT_IMAGE', { imageId: new Uint8Array(0) }],
    ['RECEIPT_ARGUMENTS', { arguments: utf8('{"limit":8}') }],
    ['RECEIPT_ARGUMENTS', { inputSalt: other }],
    ['RECEIPT_INPUT', { inputCommitment: other }],
    ['RECEIPT_DATASETS', { datasets: [] }],
    ['RECEIPT_DATASETS', { datasets: [{ ...dataset, commitment: other }] }],
    ['RECEIPT_OUTPUT', { output: utf8('{"s":1}') }],
    ['RECEIPT_OUTPUT', { outputSalt: other }],
    ['RECEIPT_NONCE', { nonce: other }],
    ['RECEIPT_FUEL', { fuel: 1n }],
    ['RECEIPT_OUTCOME', { outcome: 'trap' }],
  ])('%s: %o', async (code, change) => {
    expect(await codeFor({ ...request, ...change })).toBe(code);
  });

  it('RECEIPT_IMAGE for any other module: the image is of this one', async () => {
    const elsewhere = receiptVector('translated-trap');
    expect(await codeFor(request, elsewhere.module)).toBe('RECEIPT_IMAGE');
    expect(await codeFor(elsewhere.request, module, elsewhere.receipt)).toBe('RECEIPT_IMAGE');
    expect(await codeFor(request, module, elsewhere.receipt)).toBe('RECEIPT_IMAGE');
  });

  it('RECEIPT_IMAGE for a receipt of the interpreter, and the reverse', async () => {
    expect(await codeFor(request, module, interpreted.receipt)).toBe('RECEIPT_IMAGE');
    expect(await codeFor(interpreted.request)).toBe('RECEIPT_IMAGE');
  });

  it('RECEIPT_IMAGE for who knows the module by its hash alone', async () => {
    const asked = verifier.verifyHash(suite.sha256(module), receipt, request);
    expect(await codeOfAsync(asked)).toBe('RECEIPT_IMAGE');
  });

  it('RECEIPT_PROFILE if the program is one that writes another', async () => {
    const wasm = VERIFIER_WASM;
    const images = [toHex(request.imageId)];
    const mistaken = await createReceiptVerifier({ suite }, { wasm, images });
    const asked = mistaken.verify(module, receipt, request);
    expect(await codeOfAsync(asked)).toBe('RECEIPT_PROFILE');
    // Who names the guests to allow has allowed no translation.
    const strict = await createReceiptVerifier({ suite }, { wasm, images: [toHex(guest)] });
    expect(await codeOfAsync(strict.verify(module, receipt, request))).toBe('RECEIPT_IMAGE');
  });
});

describe('a translated receipt that was changed', () => {
  const changedAt = (at: number) => {
    const changed = receipt.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    return codeFor(request, module, changed);
  };

  it('is refused for every byte of the journal', async () => {
    const start = Buffer.from(receipt).lastIndexOf('NMPJ');
    for (let at = start; at < start + 248; at += 9) {
      expect(await changedAt(at)).toBe('RECEIPT_JOURNAL_DIGEST');
    }
  }, 60_000);

  it('is refused in its seal, or cut', async () => {
    expect(await changedAt(receipt.length >> 2)).toBe('RECEIPT_SEAL');
    for (const length of [0, 4, 1000, receipt.length - 1]) {
      const cut = receipt.subarray(0, length);
      expect(await codeFor(request, module, cut)).toBe('RECEIPT_MALFORMED');
    }
  });
});

describe('the program that a node chose', () => {
  it('is the one that the receipt names, if this module or this release knows it', async () => {
    expect(await verifier.imageOf(receipt, module)).toEqual(request.imageId);
    expect(await verifier.imageOf(interpreted.receipt, module)).toEqual(guest);
    expect(await verifier.imageOf(interpreted.receipt, undefined)).toEqual(guest);
  });

  it('is otherwise the interpreter, which the receipt then fails', async () => {
    expect(await verifier.imageOf(receipt, undefined)).toEqual(guest);
    expect(await verifier.imageOf(receipt, constantModule('1'))).toEqual(guest);
    expect(await verifier.imageOf(utf8('no receipt'), module)).toEqual(guest);
  });
});

describe('a verifier that traps', () => {
  const failing = async (error: unknown) => {
    const instantiate = vi.spyOn(WebAssembly, 'instantiate').mockRejectedValue(error);
    try {
      return await Promise.allSettled([
        seals.check(receipt, new Uint8Array(32)),
        seals.translatedImageId(module),
      ]);
    } finally {
      instantiate.mockRestore();
    }
  };

  it('proves nothing and knows no image', async () => {
    const [checked, image] = await failing(new WebAssembly.RuntimeError('unreachable'));
    expect(checked).toMatchObject({ value: { failure: 'RECEIPT_MALFORMED' } });
    expect(image).toEqual({ status: 'fulfilled', value: undefined });
  });

  it('is not hidden if it is not the verifier at all', async () => {
    const settled = await failing(new NmpError('RECEIPT_VERIFIER'));
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
