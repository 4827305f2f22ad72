/**
 * The prover with what is in the image and nothing else: in a root of the image's own files, where a
 * prover is built and this user may have such a root.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageContents } from '../../../enclave/image/contents.ts';
import { writeTree } from '../../../enclave/image/tree.ts';
import { encodeProverRequest } from '../../../enclave/prove/prover-request.ts';
import { fromHex } from '../../../shared/bytes.ts';
import { RECEIPT_IMAGES } from '../../../shared/receipt/images.ts';
import { decodeJournal } from '../../../shared/receipt/journal.ts';
import { zkCase } from '../../bench/zk/cases.ts';
import { receiptVerifier } from '../../support/receipts.ts';
import { inRoot, mayHaveRoot } from '../../support/rooted.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const PROVER = join(ROOT, 'build', 'native', 'nmp-zk-prover');
const folder = mkdtempSync(join(tmpdir(), 'nmp-prover-root-'));
const root = join(folder, 'root');

function within(args: readonly string[], input: Uint8Array = new Uint8Array(0)) {
  const { status, stdout, stderr } = spawnSync(
    ...inRoot(root, ['/app/native/nmp-zk-prover', ...args]),
    { input, env: {}, maxBuffer: 1e8 },
  );
  return { status, out: Uint8Array.from(stdout ?? []), log: String(stderr) };
}

describe.skipIf(!existsSync(PROVER) || !mayHaveRoot)(
  'the prover among the files of the image',
  () => {
    beforeAll(async () => {
      const native = join(folder, 'native');
      mkdirSync(native);
      for (const name of ['guard.node', 'scan.node', 'nmp-sandbox', 'nmp-agent']) {
        writeFileSync(join(native, name), `stands for ${name}`);
      }
      const { boot, application } = await imageContents({
        root: ROOT,
        native,
        prover: PROVER,
        cache: process.env.NMP_CACHE ?? join(homedir(), '.cache', 'nmp-enclave'),
        config: join(ROOT, 'examples', 'receipt', 'nmp.node.json'),
        profile: 'release',
        version: '0.0.0',
      });
      writeTree([...boot, ...application], root);
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    it('holds no path of the machine that built it', () => {
      const bytes = readFileSync(PROVER);
      for (const path of [ROOT, homedir()]) expect(bytes.includes(`${path}/`)).toBe(false);
    });

    it('starts, and knows the interpreter beside it', () => {
      const { status, out, log } = within(['image-id', '/app/zk-guest.bin']);
      expect(status, log).toBe(0);
      expect(new TextDecoder().decode(out).trim()).toBe(RECEIPT_IMAGES[0]);
    });

    it('quotes a run', async () => {
      const { request, expected } = await zkCase('compact-sum', 100);
      const { status, out, log } = within(
        ['quote', '/app/zk-guest.bin'],
        encodeProverRequest(request),
      );
      expect(status, log).toBe(0);
      const { journal } = JSON.parse(new TextDecoder().decode(out));
      expect(decodeJournal(fromHex(journal) ?? new Uint8Array(0)).outcome).toBe(expected.outcome);
    });

    it.skipIf(process.env.NMP_ZK_PROVE === undefined)(
      'proves it, and the receipt holds',
      async () => {
        const { module, request, expected } = await zkCase('compact-sum', 100);
        const encoded = encodeProverRequest(request);
        const { status, out, log } = within(['prove', '/app/zk-guest.bin'], encoded);
        expect(status, log).toBe(0);
        const imageId = fromHex(RECEIPT_IMAGES[0] ?? '') ?? new Uint8Array(0);
        const { journal } = await (await receiptVerifier).verify(module, out, {
          ...expected,
          imageId,
        });
        expect(journal.outcome).toBe('ok');
      },
      900_000,
    );
  },
);
