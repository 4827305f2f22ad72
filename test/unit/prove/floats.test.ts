/**
 * The zkVM has no floats: what a translated module computes with them comes from the runtime's own
 * routines. The same operations on V8, at edges and on random bits, must come to the same hash.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as asc from 'assemblyscript/asc';
import { describe, expect, it } from 'vitest';
import { encodeProverRequest } from '../../../enclave/prove/prover-request.ts';
import { fromHex, toHex } from '../../../shared/bytes.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { commitTo, OUTPUT_LABEL } from '../../../shared/receipt/commitment.ts';
import { decodeJournal } from '../../../shared/receipt/journal.ts';
import { encodeGuestInput } from '../../../shared/wire/guest-input.ts';
import { GUEST_IMAGE } from '../../support/receipts.ts';

const PROVER = join(import.meta.dirname, '..', '..', '..', 'build', 'native', 'nmp-zk-prover');
const SOURCE = join(import.meta.dirname, 'assembly', 'floats.ts');
const outputSalt = new Uint8Array(32).fill(3);

async function compile(options: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  const { error } = await asc.main(
    [
      ...[SOURCE, '--outFile', 'out.wasm', '--runtime', 'stub', '-O2', '--noAssert'],
      ...['--initialMemory', '1', '--use', 'abort=', ...options],
    ],
    {
      stdout: asc.createMemoryStream(),
      stderr: asc.createMemoryStream(),
      readFile: (name, base) => readFile(resolve(base, name), 'utf8').catch(() => null),
      writeFile: (_name, contents) => {
        if (typeof contents !== 'string') bytes = Uint8Array.from(contents);
      },
      listFiles: () => [],
    },
  );
  if (error !== null || bytes === undefined) throw error ?? new Error('nothing compiled');
  return bytes;
}

async function onV8(module: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const { instance } = await WebAssembly.instantiate(module);
  const { nmp_run: run, memory } = instance.exports;
  if (typeof run !== 'function' || !(memory instanceof WebAssembly.Memory)) throw new Error('abi');
  const result = BigInt(run(4096, 0));
  const [start, length] = [Number(result >> 32n), Number(result & 0xffff_ffffn)];
  return new Uint8Array(memory.buffer, start, length).slice();
}

describe.skipIf(!existsSync(PROVER))('floats of a translated module', () => {
  it.each([
    ['conversions that saturate', []],
    ['conversions that trap', ['--disable', 'nontrapping-f2i']],
  ])('are those of V8, with %s', { timeout: 120_000 }, async (_what, options) => {
    const module = await compile(options);
    const request = encodeProverRequest({
      translate: true,
      nonce: new Uint8Array(32),
      inputSalt: new Uint8Array(32),
      outputSalt,
      fuel: 1_000_000_000n,
      module,
      input: encodeGuestInput({ arguments: {}, tables: [] }),
      openings: [],
    });
    const run = spawnSync(PROVER, ['quote', GUEST_IMAGE], { input: request, encoding: 'utf8' });
    expect(run.status, run.stderr).toBe(0);
    const quote = JSON.parse(run.stdout) as { readonly program: string; readonly journal: string };
    const journal = decodeJournal(fromHex(quote.journal) ?? new Uint8Array(0));
    expect([quote.program, journal.outcome]).toEqual(['translated', 'ok']);
    const output = await onV8(module);
    expect(output.length).toBe(12);
    const expected = commitTo(createNodeSuite(), OUTPUT_LABEL, outputSalt, output);
    expect(toHex(journal.outputCommitment)).toBe(toHex(expected));
  });
});
