/**
 * Milliseconds to verify a stored receipt in Node and in Chromium, and to work out the image id of a
 * module; cycles of each run, interpreted and translated, if a prover is built, and with NMP_ZK_PROVE=1
 * the seconds of each proof (some minutes in all).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createProverProcess } from '../../../enclave/prove/prover-process.ts';
import { encodeProverRequest } from '../../../enclave/prove/prover-request.ts';
import { fromHex } from '../../../shared/bytes.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { isNmpError } from '../../../shared/errors.ts';
import { RECEIPT_IMAGES } from '../../../shared/receipt/images.ts';
import { parseReceiptRequest } from '../../../shared/receipt/request.ts';
import { createSealVerifier } from '../../../shared/receipt/seal.ts';
import { createReceiptVerifier } from '../../../shared/receipt/verify.ts';
import { hasChromium, inChromium } from '../../support/chromium.ts';
import type { PageReport } from '../../support/receipt-page.ts';
import type { Row } from '../row.ts';
import { failingCase, type ZkCase, zkCase } from './cases.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const ROUNDS = 31;

async function verification(): Promise<readonly Row[]> {
  const wasm = readFileSync(join(ROOT, 'shared', 'receipt', 'receipt-verifier.wasm'));
  const verifier = await createReceiptVerifier({ suite: createNodeSuite() }, { wasm });
  const read = (part: string) =>
    readFileSync(join(ROOT, 'test', 'vectors', 'receipts', 'sum', part));
  const [receipt, module] = [read('receipt.bin'), read('module.wasm')];
  const request = parseReceiptRequest(read('request.json').toString());
  const took: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const started = performance.now();
    await verifier.verify(module, receipt, request);
    took.push(performance.now() - started);
  }
  const median = took.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN;
  return [
    ...(await imageIds(wasm, module)),
    { area: 'zk', name: 'verify one segment', value: median, unit: 'ms' },
    ...(await inBrowser(median)),
    { area: 'zk', name: 'receipt of one segment', value: receipt.length, unit: 'bytes' },
  ];
}

/** What a client does besides for a receipt of a translated module. */
async function imageIds(wasm: Uint8Array, compact: Uint8Array): Promise<readonly Row[]> {
  const seals = await createSealVerifier(createNodeSuite(), wasm);
  const rows: Row[] = [];
  for (const [name, module] of [
    ['compact sum', compact],
    ['group-by with the guest library', (await zkCase('group-by', 100)).module],
  ] as const) {
    const took: number[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      const started = performance.now();
      if ((await seals.translatedImageId(module)) === undefined) throw new Error('not translated');
      took.push(performance.now() - started);
    }
    const value = took.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN;
    rows.push({ area: 'zk', name: `image id of ${name}`, value, unit: 'ms' });
  }
  return rows;
}

async function inBrowser(nodeMs: number): Promise<readonly Row[]> {
  if (!hasChromium) return [];
  const { firstMs, medianMs } = (await inChromium('test/support/receipt-page.ts')) as PageReport;
  const name = 'verify one segment, Chromium';
  return [
    {
      area: 'zk',
      name,
      value: medianMs,
      unit: 'ms',
      peer: 'Node',
      ratio: medianMs / nodeMs,
    },
    { area: 'zk', name: `${name}, first time`, value: firstMs, unit: 'ms' },
  ];
}

const RUNS: readonly (readonly [string, () => Promise<ZkCase>])[] = [
  ['trap at once', () => failingCase('trap')],
  ['compact group-by, 20 rows', () => zkCase('compact-group-by', 20)],
  ['compact sum, 100 rows', () => zkCase('compact-sum', 100)],
  ['compact group-by, 100 rows', () => zkCase('compact-group-by', 100)],
  ['compact sort, 100 rows', () => zkCase('compact-sort', 100)],
  ['compact regression, 100 rows', () => zkCase('compact-regression', 100)],
  ['compact sum, 1,000 rows', () => zkCase('compact-sum', 1000)],
  ['compact group-by, 1,000 rows', () => zkCase('compact-group-by', 1000)],
  ['compact sort, 1,000 rows', () => zkCase('compact-sort', 1000)],
  ['compact regression, 1,000 rows', () => zkCase('compact-regression', 1000)],
  ['sum, 100 rows', () => zkCase('sum', 100)],
  ['sort, 100 rows', () => zkCase('sort', 100)],
  ['regression, 100 rows', () => zkCase('regression', 100)],
  ['group-by, 100 rows', () => zkCase('group-by', 100)],
  ['sum, 1,000 rows', () => zkCase('sum', 1000)],
  ['sort, 1,000 rows', () => zkCase('sort', 1000)],
  ['regression, 1,000 rows', () => zkCase('regression', 1000)],
  ['group-by, 1,000 rows', () => zkCase('group-by', 1000)],
];

async function cycles(): Promise<readonly Row[]> {
  const program = join(ROOT, 'build', 'native', 'nmp-zk-prover');
  if (!existsSync(program)) return [];
  const image = join(ROOT, 'native', 'zk', 'guest.bin');
  const imageId = fromHex(RECEIPT_IMAGES[0] ?? '') ?? new Uint8Array(0);
  const prover = await createProverProcess({ program, image, imageId });
  const rows: Row[] = [];
  const runs = RUNS.flatMap(([name, make]) => [
    { name, make, translate: false },
    { name: `${name}, translated`, make, translate: true },
  ]);
  for (const { name, make, translate } of runs) {
    const request = { ...(await make()).request, translate };
    const { signal } = new AbortController();
    try {
      const quote = await prover.quote(encodeProverRequest(request), signal);
      rows.push({ area: 'zk', name, value: quote.cycles, unit: 'cycles' });
      if (process.env.NMP_ZK_PROVE === undefined) continue;
      const started = performance.now();
      await prover.prove(encodeProverRequest(request), signal, () => undefined);
      const seconds = (performance.now() - started) / 1000;
      rows.push({ area: 'zk', name: `proof of ${name}`, value: seconds, unit: 's' });
    } catch (error) {
      // Such a run has no cycles to tell: it is refused.
      if (!isNmpError(error, 'RECEIPT_TOO_LONG')) throw error;
    }
  }
  return rows;
}

export async function run(): Promise<Row[]> {
  return [...(await verification()), ...(await cycles())];
}
