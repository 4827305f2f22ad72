/** A stored ZK receipt, and a node that shows it for something else: each lie has its own code. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { utf8 } from '../../../shared/bytes.ts';
import { parseReceiptRequest } from '../../../shared/receipt/request.ts';
import type { ReceiptRequest } from '../../../shared/receipt/verify.ts';
import { loadReceiptVerifier } from '../../verify/receipts.ts';
import { mustRefuse } from './scene.ts';

export interface StoredReceipt {
  readonly receipt: Uint8Array;
  readonly module: Uint8Array;
  readonly request: ReceiptRequest;
}

/** @param folder with receipt.bin, module.wasm and request.json */
export async function readStoredReceipt(folder: string): Promise<StoredReceipt> {
  const [receipt, module, request] = await Promise.all(
    ['receipt.bin', 'module.wasm', 'request.json'].map((name) => readFile(join(folder, name))),
  );
  if (receipt === undefined || module === undefined || request === undefined) {
    throw new Error('three files were asked for');
  }
  return { receipt, module, request: parseReceiptRequest(request.toString()) };
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const out = Uint8Array.from(bytes);
  out[at] = (out[at] ?? 0) ^ 1;
  return out;
}

/** What a node could swap, with the code that a client must give it. */
function lies({ receipt, module, request }: StoredReceipt) {
  const [dataset] = request.datasets;
  if (dataset === undefined) throw new Error('the stored receipt is about a dataset');
  const commitment = flipped(dataset.commitment, 0);
  const answer = new TextDecoder()
    .decode(request.output)
    .replace(/\d/, (digit) => String((Number(digit) + 1) % 10));
  return [
    ['answer', 'RECEIPT_OUTPUT', module, receipt, { ...request, output: utf8(answer) }],
    ['module', 'RECEIPT_MODULE', flipped(module, module.length - 1), receipt, request],
    [
      'dataset',
      'RECEIPT_DATASETS',
      module,
      receipt,
      { ...request, datasets: [{ ...dataset, commitment }] },
    ],
    ['receipt', 'RECEIPT_SEAL', module, flipped(receipt, receipt.length >> 2), request],
  ] as const;
}

/** Verifies the receipt as it is, then each lie about it. */
export async function storedReceipt(folder: string) {
  const stored = await readStoredReceipt(folder);
  const verifier = await loadReceiptVerifier();
  const { segments } = await verifier.verify(stored.module, stored.receipt, stored.request);
  const caught: string[] = [];
  let held = true;
  for (const [what, code, module, receipt, request] of lies(stored)) {
    const refusal = await mustRefuse([code], () => verifier.verify(module, receipt, request));
    held &&= refusal.held;
    caught.push(`${what} swapped: ${refusal.code}`);
  }
  const answer = new TextDecoder().decode(stored.request.output);
  return {
    held,
    verdict: `proven (stored proof, ${segments} segment): ${answer}; ${caught.join(', ')}`,
  };
}
