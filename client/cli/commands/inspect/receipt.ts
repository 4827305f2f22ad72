/** `nmp inspect receipt`: what a ZK receipt says, without judging it. */
import { toHex } from '../../../../shared/bytes.ts';
import { NmpError } from '../../../../shared/errors.ts';
import { decodeJournal } from '../../../../shared/receipt/journal.ts';
import { RECEIPT_BYTES_MAX } from '../../../../shared/receipt/seal.ts';
import { loadReceiptVerifier } from '../../../verify/receipts.ts';
import { readBounded } from '../../files.ts';
import type { Register } from '../../register.ts';

/** @throws NmpError USAGE; RECEIPT_* for what is no composite receipt with a journal of ours */
async function describe(file: string): Promise<Record<string, unknown>> {
  const bytes = await readBounded(file, 2 * RECEIPT_BYTES_MAX);
  const verifier = await loadReceiptVerifier();
  const { failure, journal, image, segments } = await verifier.inspect(bytes);
  if (failure !== undefined && journal.length === 0) throw new NmpError(failure);
  const { profile, outcome, fuel, ...digests } = decodeJournal(journal);
  return {
    judged: false,
    mode: 'stark-composite',
    imageId: toHex(image),
    segments,
    receiptBytes: bytes.length,
    profile,
    outcome,
    fuel: String(fuel),
    ...Object.fromEntries(Object.entries(digests).map(([name, value]) => [name, toHex(value)])),
  };
}

export const registerInspectReceipt: Register = (inspect) => {
  inspect
    .command('receipt')
    .description('Show what a ZK receipt says, without judging it.')
    .argument('<file>', 'the receipt')
    .option('--json', 'one JSON object')
    .action(async (file: string, options: { readonly json?: boolean }) => {
      const facts = await describe(file);
      if (options.json) process.stdout.write(`${JSON.stringify(facts)}\n`);
      else {
        const lines = Object.entries(facts).map(
          ([name, value]) => `${name.padEnd(20)} ${String(value)}`,
        );
        process.stdout.write(`${lines.join('\n')}\nNot judged: use nmp receipt verify.\n`);
      }
    });
};
