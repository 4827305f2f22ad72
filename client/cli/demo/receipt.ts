/**
 * A ZK receipt, made now or stored, and a node that shows it for something else: each lie has its own
 * code.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createNodeVerifierCrypto } from '../../../shared/attestation/crypto-node.ts';
import { toHex, utf8 } from '../../../shared/bytes.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { NmpError } from '../../../shared/errors.ts';
import type { ClientPolicy } from '../../../shared/policy/client-policy.ts';
import { RECEIPT_IMAGES } from '../../../shared/receipt/images.ts';
import { parseReceiptRequest } from '../../../shared/receipt/request.ts';
import type { ReceiptRequest } from '../../../shared/receipt/verify.ts';
import { systemClock, systemRandom } from '../../../shared/runtime.ts';
import { NmpClient } from '../../nmp-client.ts';
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
  // A translated module is the image itself; the interpreter's journal names one.
  const interpreted = RECEIPT_IMAGES.includes(toHex(request.imageId));
  const moduleCode = interpreted ? 'RECEIPT_MODULE' : 'RECEIPT_IMAGE';
  const answer = new TextDecoder()
    .decode(request.output)
    .replace(/\d/, (digit) => String((Number(digit) + 1) % 10));
  return [
    ['answer', 'RECEIPT_OUTPUT', module, receipt, { ...request, output: utf8(answer) }],
    ['module', moduleCode, flipped(module, module.length - 1), receipt, request],
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

/** Verifies the receipt as it is, then each lie about it. @param origin where it comes from */
async function shown(stored: StoredReceipt, origin: string) {
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
    verdict: `proven (${origin}, ${segments} segment${segments === 1 ? '' : 's'}): ${answer}; ${caught.join(', ')}`,
  };
}

export async function storedReceipt(folder: string) {
  return shown(await readStoredReceipt(folder), 'stored proof');
}

/** A node of `nmp.node.json` in the folder of the stored receipt, with a prover. */
export interface ProvingNode {
  readonly address: string;
  readonly policy: ClientPolicy;
  stop(): Promise<void>;
}

/** The same sum over the same payments, proven now. */
async function prove(folder: string, start: () => Promise<ProvingNode>) {
  const module = await readFile(join(folder, 'module.wasm'));
  const node = await start();
  try {
    await using client = new NmpClient(
      {
        suite: createNodeSuite(),
        verifier: createNodeVerifierCrypto(),
        clock: systemClock,
        random: systemRandom,
        receipts: loadReceiptVerifier,
      },
      { policy: node.policy },
    );
    const peer = await client.connect(node.address);
    const started = systemClock.monotonicMs();
    const call = { module, args: {}, capability: 'sum-of-payments' };
    const { receipt } = await client.run(peer, call, { proofMode: 'stark-composite' });
    const seconds = ((systemClock.monotonicMs() - started) / 1000).toFixed(1);
    return { module, receipt, seconds };
  } finally {
    await node.stop();
  }
}

/** Shows a proof made now; a node short of memory makes none, and the stored one is shown. */
export async function liveReceipt(folder: string, start: () => Promise<ProvingNode>) {
  try {
    const { module, receipt, seconds } = await prove(folder, start);
    if (receipt === undefined) return { held: false, verdict: 'an answer without its receipt' };
    const { bytes, request } = receipt;
    return await shown({ receipt: bytes, module, request }, `live, in ${seconds} s`);
  } catch (error) {
    if (!(error instanceof NmpError) || error.code !== 'RECEIPT_BUSY') throw error;
    return shown(await readStoredReceipt(folder), 'stored proof: too little memory for a live one');
  }
}
