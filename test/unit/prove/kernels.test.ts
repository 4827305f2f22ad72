/**
 * Receipts of each kernel of the prover, checked by the verifier that knows nothing of them. Proves
 * for minutes: only with NMP_ZK_PROVE=1 (`make zk-kernels`) and a prover that is built.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeProverRequest } from '../../../enclave/prove/prover-request.ts';
import { concat, fromHex } from '../../../shared/bytes.ts';
import { RECEIPT_IMAGES } from '../../../shared/receipt/images.ts';
import { zkCase } from '../../bench/zk/cases.ts';
import { GUEST_IMAGE, receiptVerifier } from '../../support/receipts.ts';

const PROVER = join(import.meta.dirname, '..', '..', '..', 'build', 'native', 'nmp-zk-prover');

async function proofBy(kernels: string, request: Uint8Array) {
  const child = spawn(PROVER, ['prove', GUEST_IMAGE, kernels], { env: {}, stdio: 'pipe' });
  const [out, err]: [Uint8Array[], string[]] = [[], []];
  child.stdout.on('data', (chunk: Uint8Array) => out.push(chunk));
  child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
  child.stdin.end(request);
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, receipt: concat(...out), log: err.join('') };
}

describe.skipIf(process.env.NMP_ZK_PROVE === undefined || !existsSync(PROVER))('kernels', () => {
  it.each(['avx512', 'avx2', 'scalar'])(
    '%s: its receipt holds',
    { timeout: 900_000 },
    async (kernels) => {
      const { module, request, expected } = await zkCase('compact-sum', 100);
      const proof = await proofBy(kernels, encodeProverRequest(request));
      expect(proof.code, proof.log).toBe(0);
      const imageId = fromHex(RECEIPT_IMAGES[0] ?? '') ?? new Uint8Array(0);
      const verifier = await receiptVerifier;
      const { journal } = await verifier.verify(module, proof.receipt, { ...expected, imageId });
      expect(journal.outcome).toBe('ok');
      const used = /"kernels":"(\w+)"/.exec(proof.log)?.[1];
      process.stderr.write(
        `asked for ${kernels}, had ${used}: ${/"seconds":[\d.]+/.exec(proof.log)}\n`,
      );
      // A processor without the instructions falls back; it must never be the other way round.
      expect(['scalar', 'avx2', 'avx512'].slice(0, kernels === 'scalar' ? 1 : 3)).toContain(used);
    },
  );

  it('refuses kernels that there are not', async () => {
    const { code, receipt } = await proofBy('sse', new Uint8Array(0));
    expect([code, receipt.length]).toEqual([1, 0]);
  });
});
