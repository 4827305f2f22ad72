/**
 * A ZK receipt out of a booted image: the prover runs inside the enclave, and the client verifies the
 * receipt under the image's measurements. Needs what `make test-boot-proof` builds, and is skipped
 * without it: what takes seconds on a machine takes minutes on an emulated one.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStoredReceipt } from '../../client/cli/demo/receipt.ts';
import type { NmpClient } from '../../client/nmp-client.ts';
import type { ProofProgress } from '../../client/verify/await-receipt.ts';
import { loadReceiptVerifier } from '../../client/verify/receipts.ts';
import { describeEif } from '../../enclave/image/describe.ts';
import { memoryNeededMiB } from '../../enclave/image/preflight.ts';
import { isNmpError } from '../../shared/errors.ts';
import { RECEIPT_IMAGES } from '../../shared/receipt/images.ts';
import {
  BOOT_MS,
  type Booted,
  boot,
  CALL_MS,
  clientOf,
  EXAMPLES,
  PATIENCE_MS,
  TOOLS,
} from '../support/boot.ts';

const EXAMPLE = join(EXAMPLES, 'receipt');
const FOLDER = process.env.NMP_BOOT_PROOF;
/** One segment without the vectors of a real processor, several times over. */
const PROOF_MS = 3_000_000;

describe.skipIf(TOOLS === undefined || FOLDER === undefined)('an image with the prover', () => {
  const image = join(FOLDER ?? '', 'enclave-sim.eif');
  let needed: number;
  let booted: Booted;
  let client: NmpClient;

  const start = (memoryMiB: number) =>
    boot('sim', { image, configFile: join(EXAMPLE, 'nmp.node.json'), memoryMiB, log: 'proof' });

  beforeAll(async () => {
    needed = memoryNeededMiB(describeEif(Uint8Array.from(readFileSync(image))));
    process.stderr.write(`${needed} MiB asked for\n`);
    // Just what a parent would be told to give.
    booted = await start(needed);
    client = clientOf(booted.parent.ready, { receipts: loadReceiptVerifier });
  }, BOOT_MS);
  afterAll(async () => {
    await client?.close();
    await booted?.parent.stop();
  }, PATIENCE_MS);

  it(
    'proves a run, and its receipt holds under the measurements of the image',
    async () => {
      const { pcrs } = JSON.parse(readFileSync(join(FOLDER ?? '', 'pcrs-sim.json'), 'utf8'));
      expect(booted.parent.ready.pcrs).toEqual({
        pcr0: pcrs.PCR0,
        pcr1: pcrs.PCR1,
        pcr2: pcrs.PCR2,
      });
      const { module, request: stored } = await readStoredReceipt(EXAMPLE);
      const peer = await client.connect(booted.parent.address, { timeoutMs: CALL_MS });
      const seen: ProofProgress[] = [];
      const started = Date.now();
      const { output, report, receipt } = await client.run(
        peer,
        { module, args: {}, capability: 'sum-of-payments' },
        {
          proofMode: 'stark-composite',
          timeoutMs: PROOF_MS,
          onProof: (progress) => seen.push(progress),
        },
      );
      process.stderr.write(`proven in ${((Date.now() - started) / 1000).toFixed(0)} s\n`);
      expect(output).toEqual(JSON.parse(Buffer.from(stored.output).toString()));
      expect(report.verdict).toBe('pass');
      expect(seen.map(({ state }) => state)).toContain('proving');
      if (receipt === undefined) throw new Error('no receipt');
      // Of the module itself, translated: the client has worked its image id out.
      expect(RECEIPT_IMAGES).not.toContain(Buffer.from(receipt.request.imageId).toString('hex'));
      await client.verifyZkReceipt(module, receipt.request.imageId, receipt);
      const flipped = Uint8Array.from(receipt.bytes);
      flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] ?? 0) ^ 1;
      const lie = client.verifyZkReceipt(module, receipt.request.imageId, {
        ...receipt,
        bytes: flipped,
      });
      await expect(lie).rejects.toMatchObject({ code: 'RECEIPT_SEAL' });
    },
    PROOF_MS,
  );

  it(
    'does not start where a proof has no room, and says why',
    async () => {
      await booted.parent.stop();
      const code = await start(1024).then(
        async ({ parent }) => {
          await parent.stop();
          return 'started';
        },
        (error: unknown) => (isNmpError(error) ? error.code : error),
      );
      expect(code).toBe('IMAGE_MEMORY');
    },
    BOOT_MS,
  );
});
