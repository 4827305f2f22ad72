import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createProverProcess, probeProver } from '../../../enclave/prove/prover-process.ts';
import { PROVER_REQUEST_BYTES_MAX } from '../../../enclave/prove/prover-request.ts';
import { isNmpError } from '../../../shared/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'nmp-prover-'));
afterAll(() => rmSync(folder, { recursive: true }));
const imageId = new Uint8Array(32);
const journal = '4e'.repeat(248);
let programs = 0;

/** A prover of a few lines of shell, to show what becomes of each way that one can end. */
async function proverOf(script: string) {
  const program = join(folder, `prover-${programs++}`);
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  writeFileSync(join(folder, 'image'), 'image');
  return createProverProcess({ program, image: join(folder, 'image'), imageId });
}

const never = new AbortController().signal;
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: unknown) => (isNmpError(error) ? error.code : 'other'),
  );

describe('the prover process', () => {
  it('hands over the request, gives back the receipt and reports progress', async () => {
    const prover = await proverOf(
      `echo '{"journal":"00"}' >&2; echo '{"proven":1,"segments":2}' >&2; cat; test "$1" = prove`,
    );
    const seen: unknown[] = [];
    const receipt = await prover.prove(Uint8Array.of(1, 2, 3), never, (at) => seen.push(at));
    expect(receipt).toEqual(Uint8Array.of(1, 2, 3));
    expect(seen).toEqual([{ proven: 1, segments: 2 }]);
  });

  it('gets no environment, so that no development mode can be switched on', async () => {
    process.env.RISC0_DEV_MODE = '1';
    try {
      const prover = await proverOf('cat > /dev/null; printf "%s" "[$RISC0_DEV_MODE]"');
      const out = await prover.prove(new Uint8Array(0), never, () => undefined);
      expect(new TextDecoder().decode(out)).toBe('[]');
    } finally {
      delete process.env.RISC0_DEV_MODE;
    }
  });

  it('inherits no descriptor that the node has opened', async () => {
    const prover = await proverOf('cat > /dev/null; exec ls /proc/self/fd');
    const held = openSync(folder, 'r');
    try {
      const out = await prover.prove(new Uint8Array(0), never, () => undefined);
      const descriptors = new TextDecoder().decode(out).trim().split('\n');
      expect(descriptors).toEqual(expect.arrayContaining(['0', '1', '2']));
      expect(descriptors).not.toContain(String(held));
    } finally {
      closeSync(held);
    }
  });

  it('is tried before it is needed: that it runs, and on the interpreter that is pinned', async () => {
    const image = join(folder, 'image');
    const probe = async (script: string) => {
      const program = join(folder, `prover-${programs++}`);
      writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      return failure(probeProver({ program, image, imageId }));
    };
    writeFileSync(image, 'image');
    const zeros = '0'.repeat(64);
    expect(await probe(`test "$1 $2" = "image-id ${image}" && echo ${zeros}`)).toBe('none');
    expect(await probe(`echo ${'1'.repeat(64)}`)).toBe('RECEIPT_PROVER');
    expect(await probe(`echo ${zeros}; exit 1`)).toBe('RECEIPT_PROVER');
    expect(await probe('kill -ILL $$')).toBe('RECEIPT_PROVER');
    expect(await failure(probeProver({ program: join(folder, 'none'), image, imageId }))).toBe(
      'RECEIPT_PROVER',
    );
  });

  it('reads a quote, and says if the run is too long', async () => {
    const good = `{"journal":"${journal}","totalCycles":262144,"segments":1}`;
    const long = `{"journal":"${journal}","totalCycles":9262144,"segments":17}`;
    const input = new Uint8Array(4);
    expect(await (await proverOf(`cat >/dev/null; echo '${good}'`)).quote(input, never)).toEqual({
      journal: new Uint8Array(248).fill(0x4e),
      cycles: 262144,
      segments: 1,
    });
    const tooLong = await proverOf(`cat >/dev/null; echo '${long}'`);
    expect(await failure(tooLong.quote(input, never))).toBe('RECEIPT_TOO_LONG');
    const limit = await proverOf(
      `cat >/dev/null; echo '{"error":"Session limit exceeded: 1 >= 1"}' >&2; exit 1`,
    );
    expect(await failure(limit.quote(input, never))).toBe('RECEIPT_TOO_LONG');
    const huge = new Uint8Array(PROVER_REQUEST_BYTES_MAX + 1);
    expect(await failure(limit.quote(huge, never))).toBe('RECEIPT_TOO_LONG');
  });

  it.each([
    ['an exit code', 'exit 1'],
    ['a signal', 'kill -9 $$'],
    ['no quote', 'cat >/dev/null; echo nothing'],
    ['a journal that is none', `echo '{"journal":"00","totalCycles":1,"segments":1}'`],
  ])('turns %s into a code', async (_, script) => {
    const prover = await proverOf(script);
    expect(await failure(prover.quote(new Uint8Array(65_536), never))).toBe('RECEIPT_PROVER');
  });

  it('ends the process when the proof is cancelled', async () => {
    const prover = await proverOf('exec sleep 60');
    const abort = new AbortController();
    const proof = prover.prove(new Uint8Array(4), abort.signal, () => undefined);
    abort.abort();
    expect(await failure(proof)).toBe('INTERRUPTED');
  });

  it('is not there without its program', async () => {
    const missing = { program: join(folder, 'none'), image: join(folder, 'image'), imageId };
    expect(await failure(createProverProcess(missing))).toBe('RECEIPT_PROVER');
  });
});
