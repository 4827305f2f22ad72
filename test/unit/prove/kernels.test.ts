/**
 * The prover's kernels and the verifier that knows nothing of them: what they compute is refused if
 * it is anything else. That receipts of each kernel hold is proven for minutes: only with
 * NMP_ZK_PROVE=1 (`make zk-kernels`) and a prover that is built.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeProverRequest } from '../../../enclave/prove/prover-request.ts';
import { concat, fromHex } from '../../../shared/bytes.ts';
import { RECEIPT_IMAGES } from '../../../shared/receipt/images.ts';
import { zkCase } from '../../bench/zk/cases.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { GUEST_IMAGE, receiptVector, receiptVerifier } from '../../support/receipts.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const PROVER = join(ROOT, 'build', 'native', 'nmp-zk-prover');
const ZK = join(ROOT, 'native', 'zk');
/** BabyBear's modulus: a kernel computes elements below it. */
const MODULUS = 2_013_265_921;
/** Tag, number of segments; then the first seal, behind its length in words. */
const SEAL_LENGTH_AT = 5;
const PLACES = 64;

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

describe('a verifier without the kernels', () => {
  it('refuses an element that was computed otherwise, wherever in the seal it stands', {
    timeout: 120_000,
  }, async () => {
    const { receipt, module, request } = receiptVector('sum');
    const verifier = await receiptVerifier;
    const words = new DataView(receipt.buffer, receipt.byteOffset).getUint32(SEAL_LENGTH_AT, true);
    expect(words).toBeGreaterThan(PLACES * 100);
    for (let place = 0; place < PLACES; place++) {
      const changed = receipt.slice();
      const view = new DataView(changed.buffer);
      // The last one is the seal's last word, the first its first.
      const word = Math.floor((place * (words - 1)) / (PLACES - 1));
      const at = SEAL_LENGTH_AT + 4 + 4 * word;
      view.setUint32(at, (view.getUint32(at, true) + 1) % MODULUS, true);
      const code = await codeOfAsync(verifier.verify(module, changed, request));
      expect(code, `word ${word} of ${words}`).toBe('RECEIPT_SEAL');
    }
  });

  it('is made of the published crates and our translator, none of them patched', () => {
    const manifest = readFileSync(join(ZK, 'verifier', 'Cargo.toml'), 'utf8');
    expect(manifest).not.toMatch(/patch|kernels/);
    const paths = [...manifest.matchAll(/path *= *"(.*?)"/g)].map((match) => match[1]);
    expect(paths).toEqual(['translator']);
    for (const part of ['translator', 'abi']) {
      const own = readFileSync(join(ZK, part, 'Cargo.toml'), 'utf8');
      expect(own).not.toMatch(/patch|kernels|risc0/);
    }
    const packages = readFileSync(join(ZK, 'verifier', 'Cargo.lock'), 'utf8').split('[[package]]');
    const ours = packages.filter((one) => one.includes('name = ') && !/^checksum = /m.test(one));
    expect(ours.map((one) => /name = "(.*)"/.exec(one)?.[1])).toEqual([
      'nmp-zk-abi',
      'nmp-zk-translator',
      'nmp-zk-verifier',
    ]);
    // The sum to which the prover's patch is applied is that of the crate as published.
    const sum = /^ZKP_SHA256=([0-9a-f]{64})$/m.exec(
      readFileSync(join(ZK, 'build.sh'), 'utf8'),
    )?.[1];
    const zkp = packages.find((one) => one.includes('name = "risc0-zkp"'));
    expect(/checksum = "([0-9a-f]{64})"/.exec(zkp ?? '')?.[1]).toBe(sum);
  });
});
