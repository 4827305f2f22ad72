/** `nmp receipt`: judges ZK receipts offline; neither node nor network is asked. */
import { toHex } from '../../../shared/bytes.ts';
import { NmpError } from '../../../shared/errors.ts';
import { parseReceiptRequest, RECEIPT_REQUEST_BYTES_MAX } from '../../../shared/receipt/request.ts';
import { RECEIPT_BYTES_MAX } from '../../../shared/receipt/seal.ts';
import { loadReceiptVerifier } from '../../verify/receipts.ts';
import { readBounded } from '../files.ts';
import type { Register } from '../register.ts';

/** Longest module that a request can carry, bytes. */
const MODULE_BYTES_MAX = 16 * 1024 * 1024;

interface Options {
  readonly receipt: string;
  readonly module: string;
  readonly request: string;
  readonly json?: boolean;
}

async function readRequest(file: string) {
  const bytes = await readBounded(file, RECEIPT_REQUEST_BYTES_MAX);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new NmpError('RECEIPT_REQUEST', undefined, { cause });
  }
  return parseReceiptRequest(text);
}

async function verify(options: Options): Promise<void> {
  // One byte more than a receipt may have is still read, and refused as a receipt.
  const receipt = await readBounded(options.receipt, 2 * RECEIPT_BYTES_MAX);
  const module = await readBounded(options.module, MODULE_BYTES_MAX);
  const request = await readRequest(options.request);
  const verifier = await loadReceiptVerifier();
  const { kind, imageId, segments, journal } = await verifier.verify(module, receipt, request);
  const facts = {
    verified: true,
    mode: kind,
    imageId,
    segments,
    receiptBytes: receipt.length,
    profile: journal.profile,
    outcome: journal.outcome,
    fuel: String(journal.fuel),
    moduleHash: toHex(journal.moduleHash),
    datasets: request.datasets.map(({ id, commitment, columns }) => ({
      id,
      commitment: toHex(commitment),
      columns,
    })),
    output: new TextDecoder().decode(request.output),
  };
  if (options.json) process.stdout.write(`${JSON.stringify(facts)}\n`);
  else {
    const data = facts.datasets.map(({ id, columns }) => `${id} (${columns.join(', ')})`);
    process.stdout.write(
      `proven: module ${facts.moduleHash}\n  ended    ${facts.outcome}\n  output   ${facts.output}\n` +
        `  data     ${data.join('; ') || 'none'}\n  image    ${imageId}\n  segments ${segments}\n`,
    );
  }
}

export const registerReceipt: Register = (program) => {
  const receipt = program.command('receipt').description('Judge ZK receipts offline.');
  receipt
    .command('verify')
    .description('Verify that a receipt proves this module, these data and this answer.')
    .requiredOption('--receipt <file>', 'the receipt')
    .requiredOption('--module <file>', 'the WebAssembly module that was sent')
    .requiredOption('--request <file>', 'what it must be about, see docs/receipts.md')
    .option('--json', 'the verdict as one JSON object')
    .action(verify);
};
