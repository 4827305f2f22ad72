/**
 * Proves the runs of test/vectors/receipts anew, some minutes each: needs build/native/nmp-zk-prover.
 * Usage: node scripts/zk-vectors.ts [NAME…]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadReceiptVerifier } from '../client/verify/receipts.ts';
import { createProverProcess } from '../enclave/prove/prover-process.ts';
import { encodeProverRequest } from '../enclave/prove/prover-request.ts';
import { fromHex } from '../shared/bytes.ts';
import { RECEIPT_IMAGES } from '../shared/receipt/images.ts';
import { formatReceiptRequest } from '../shared/receipt/request.ts';
import { failingCase, type ZkCase, zkCase } from '../test/bench/zk/cases.ts';

const root = join(import.meta.dirname, '..');
const imageId = fromHex(RECEIPT_IMAGES[0] ?? '') ?? new Uint8Array(0);

const CASES: Readonly<Record<string, () => Promise<ZkCase>>> = {
  sum: () => zkCase('compact-sum', 100),
  'group-by': () => zkCase('compact-group-by', 20),
  trap: () => failingCase('trap'),
  'out-of-fuel': () => failingCase('out-of-fuel'),
};
/** Each case in the interpreter under its own name, and translated. */
const VECTORS = Object.entries(CASES).flatMap(([name, make]) => [
  { name, make, translate: false },
  { name: `translated-${name}`, make, translate: true },
]);

const prover = await createProverProcess({
  program: join(root, 'build', 'native', 'nmp-zk-prover'),
  image: join(root, 'native', 'zk', 'guest.bin'),
  imageId,
});
const asked = process.argv.slice(2);
for (const { name, make, translate } of VECTORS) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const { module, request, expected } = await make();
  const never = new AbortController().signal;
  const receipt = await prover.prove(
    encodeProverRequest({ ...request, translate }),
    never,
    ({ proven, segments }) => process.stderr.write(`${name}: segment ${proven} of ${segments}\n`),
  );
  const verifier = await loadReceiptVerifier();
  const proven = { ...expected, imageId: await verifier.imageOf(receipt, module) };
  await verifier.verify(module, receipt, proven);
  const folder = join(root, 'test', 'vectors', 'receipts', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'receipt.bin'), receipt);
  writeFileSync(join(folder, 'module.wasm'), module);
  writeFileSync(join(folder, 'request.json'), formatReceiptRequest(proven));
}
