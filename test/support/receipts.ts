/** The stored receipts of test/vectors/receipts, and how to tell with what code one is refused. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createNodeSuite } from '../../shared/crypto/suite-node.ts';
import { parseReceiptRequest } from '../../shared/receipt/request.ts';
import { createReceiptVerifier, type ReceiptRequest } from '../../shared/receipt/verify.ts';

const ROOT = join(import.meta.dirname, '..', '..');
export const RECEIPT_VECTORS = join(ROOT, 'test', 'vectors', 'receipts');
export const VERIFIER_WASM = readFileSync(join(ROOT, 'shared', 'receipt', 'receipt-verifier.wasm'));
export const GUEST_IMAGE = join(ROOT, 'native', 'zk', 'guest.bin');

export interface ReceiptVector {
  readonly receipt: Uint8Array;
  readonly module: Uint8Array;
  readonly request: ReceiptRequest;
}

export function receiptVector(name: string): ReceiptVector {
  const file = (part: string) => readFileSync(join(RECEIPT_VECTORS, name, part));
  return {
    receipt: Uint8Array.from(file('receipt.bin')),
    module: Uint8Array.from(file('module.wasm')),
    request: parseReceiptRequest(file('request.json').toString()),
  };
}

export const receiptVerifier = createReceiptVerifier(
  { suite: createNodeSuite() },
  { wasm: VERIFIER_WASM },
);
