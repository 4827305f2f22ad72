import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { storedReceipt } from '../../../../client/cli/demo/receipt.ts';
import { codeOfAsync } from '../../../support/code-of.ts';
import { RECEIPT_VECTORS } from '../../../support/receipts.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..', '..');
const EXAMPLE = join(ROOT, 'examples', 'receipt');
const read = (...path: readonly string[]) => readFileSync(join(...path));
const copy = mkdtempSync(join(tmpdir(), 'nmp-demo-receipt-'));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe('the receipt scene of the demo', () => {
  it('verifies the stored proof, says that it is stored, and catches each lie by its code', async () => {
    const { held, verdict } = await storedReceipt(EXAMPLE);
    expect(held).toBe(true);
    expect(verdict).toBe(
      'proven (stored proof, 1 segment): {"s":493534}; answer swapped: RECEIPT_OUTPUT, ' +
        'module swapped: RECEIPT_MODULE, dataset swapped: RECEIPT_DATASETS, receipt swapped: RECEIPT_SEAL',
    );
  });

  it('shows the receipt of the vectors', () => {
    for (const name of ['receipt.bin', 'module.wasm']) {
      expect(read(EXAMPLE, name)).toEqual(read(RECEIPT_VECTORS, 'sum', name));
    }
    const [shown, stored] = [EXAMPLE, join(RECEIPT_VECTORS, 'sum')].map((folder): unknown =>
      JSON.parse(read(folder, 'request.json').toString()),
    );
    expect(shown).toEqual(stored);
  });

  it('does not hold for a receipt that proves nothing', async () => {
    cpSync(EXAMPLE, copy, { recursive: true });
    const bytes = readFileSync(join(copy, 'receipt.bin'));
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(join(copy, 'receipt.bin'), bytes);
    expect(await codeOfAsync(storedReceipt(copy))).toBe('RECEIPT_SEAL');
  });
});
