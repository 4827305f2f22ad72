/** What a browser does with the stored receipt `sum`: verifies it, times that, and refuses a lie. */

import { fromHex } from '../../shared/bytes.ts';
import { createNobleSuite } from '../../shared/crypto/suite-noble.ts';
import { createSealVerifier } from '../../shared/receipt/seal.ts';
import { systemRandom } from '../../shared/runtime.ts';

export interface PageReport {
  /** The first verification, before the engine has optimised its code. */
  readonly firstMs: number;
  readonly medianMs: number;
  /** Of the receipt as it is, of one with a flipped bit of the seal, of another image. */
  readonly failures: readonly string[];
  readonly journalStart: string;
  readonly agent: string;
}

const ROUNDS = 31;

async function bytesOf(path: string): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(path)).arrayBuffer());
}

/** @public called by the page that test/support/chromium.ts serves */
export async function report(): Promise<PageReport> {
  const folder = '/test/vectors/receipts/sum';
  const [wasm, receipt, request] = await Promise.all([
    bytesOf('/shared/receipt/receipt-verifier.wasm'),
    bytesOf(`${folder}/receipt.bin`),
    fetch(`${folder}/request.json`).then((response) => response.json()),
  ]);
  const image = fromHex(request.imageId);
  if (image === undefined) throw new Error('no image id');
  const verifier = await createSealVerifier(createNobleSuite(systemRandom), wasm);
  const took: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const started = performance.now();
    const { failure } = await verifier.check(receipt, image);
    took.push(performance.now() - started);
    if (failure !== undefined) throw new Error(failure);
  }
  const changed = receipt.slice();
  changed[changed.length >> 2] = (changed[changed.length >> 2] ?? 0) ^ 1;
  const reports = [
    await verifier.check(receipt, image),
    await verifier.check(changed, image),
    await verifier.check(receipt, new Uint8Array(32)),
  ];
  return {
    firstMs: took[0] ?? Number.NaN,
    medianMs: took.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN,
    failures: reports.map(({ failure }) => failure ?? 'none'),
    journalStart: new TextDecoder().decode(reports[0]?.journal.subarray(0, 4)),
    agent: navigator.userAgent,
  };
}
