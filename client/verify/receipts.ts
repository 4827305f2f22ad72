/** The receipt verifier with its committed WebAssembly, for Node. */
import { readFile } from 'node:fs/promises';
import { createNodeSuite } from '../../shared/crypto/suite-node.ts';
import { NmpError } from '../../shared/errors.ts';
import { createReceiptVerifier, type ReceiptVerifier } from '../../shared/receipt/verify.ts';

const WASM = new URL('../../shared/receipt/receipt-verifier.wasm', import.meta.url);

let loaded: Promise<ReceiptVerifier> | undefined;

async function load(): Promise<ReceiptVerifier> {
  let wasm: Uint8Array;
  try {
    wasm = Uint8Array.from(await readFile(WASM));
  } catch (cause) {
    throw new NmpError('RECEIPT_VERIFIER', undefined, { cause });
  }
  return createReceiptVerifier({ suite: createNodeSuite() }, { wasm });
}

/** Compiled once and then shared. @throws NmpError RECEIPT_VERIFIER */
export function loadReceiptVerifier(): Promise<ReceiptVerifier> {
  loaded ??= load();
  return loaded;
}
