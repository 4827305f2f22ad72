/**
 * Translated modules in the proven machine, executed without a proof: what the runtime around them
 * reads, refuses, commits to and calls by what name. Needs a prover that is built.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeProverRequest } from '../../../enclave/prove/prover-request.ts';
import { fromHex, toHex, utf8 } from '../../../shared/bytes.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { commitTo, INPUT_LABEL, OUTPUT_LABEL } from '../../../shared/receipt/commitment.ts';
import { RECEIPT_IMAGES } from '../../../shared/receipt/images.ts';
import {
  commitToArguments,
  decodeJournal,
  RECEIPT_PROFILE,
  TRANSLATED_PROFILE,
} from '../../../shared/receipt/journal.ts';
import { createSealVerifier } from '../../../shared/receipt/seal.ts';
import { canonicalJson } from '../../../shared/wire/canonical-json.ts';
import { encodeGuestInput } from '../../../shared/wire/guest-input.ts';
import {
  claimingModule,
  constantModule,
  endlessModule,
  growingModule,
  pureModule,
  recursingModule,
  trappingModule,
} from '../../support/modules.ts';
import { GUEST_IMAGE, VERIFIER_WASM } from '../../support/receipts.ts';

const PROVER = join(import.meta.dirname, '..', '..', '..', 'build', 'native', 'nmp-zk-prover');
const suite = createNodeSuite();
const nonce = new Uint8Array(32).fill(1);
const inputSalt = new Uint8Array(32).fill(2);
const outputSalt = new Uint8Array(32).fill(3);
const folder = mkdtempSync(join(tmpdir(), 'nmp-translated-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Run {
  readonly module: Uint8Array;
  readonly args?: Record<string, string | number>;
  readonly fuel?: bigint;
  readonly translate?: boolean;
}

function requestOf({ module, args = {}, fuel = 1_000_000n, translate = true }: Run) {
  const input = encodeGuestInput({ arguments: args, tables: [] });
  const salts = { nonce, inputSalt, outputSalt };
  const request = { translate, ...salts, fuel, module, input, openings: [] };
  return { input, request: encodeProverRequest(request) };
}

const execute = (request: Uint8Array) =>
  spawnSync(PROVER, ['quote', GUEST_IMAGE], { input: request, encoding: 'utf8' });

function quoted(run: Run) {
  const { input, request } = requestOf(run);
  const { status, stdout, stderr } = execute(request);
  expect(status, stderr).toBe(0);
  const quote = JSON.parse(stdout) as {
    readonly program: string;
    readonly refusal?: string;
    readonly imageId: string;
    readonly journal: string;
  };
  return { ...quote, input, journal: decodeJournal(fromHex(quote.journal) ?? new Uint8Array(0)) };
}

/** Gives its input back; it lies at `address`. */
const echo = (address: number) =>
  pureModule({
    // Three bytes of LEB128.
    alloc: [0x41, 0x80 | (address & 0x7f), 0x80 | ((address >> 7) & 0x7f), address >> 14],
    // (pointer << 32) | length
    run: [...[0x20, 0, 0xad, 0x42, 32, 0x86], ...[0x20, 1, 0xad, 0x84]],
  });

describe.skipIf(!existsSync(PROVER))('a translated module', () => {
  it('is given its input at any address and of any length, and commits to both', () => {
    for (let step = 0; step < 12; step++) {
      const args = { text: 'x'.repeat(step * step) };
      const module = echo(1024 + step);
      const { journal, input, program } = quoted({ module, args });
      expect(program).toBe('translated');
      expect(journal).toEqual({
        profile: TRANSLATED_PROFILE,
        outcome: 'ok',
        fuel: 1_000_000n,
        moduleHash: suite.sha256(module),
        argumentsCommitment: commitToArguments(suite, inputSalt, utf8(canonicalJson(args))),
        inputCommitment: commitTo(suite, INPUT_LABEL, inputSalt, input),
        datasets: suite.sha256(utf8('nmp-datasets/v1'), new Uint8Array(4)),
        outputCommitment: commitTo(suite, OUTPUT_LABEL, outputSalt, input),
        nonce,
      });
    }
  }, 120_000);

  it('has the image id that a client works out', async () => {
    const seals = await createSealVerifier(suite, VERIFIER_WASM);
    const module = constantModule('{"n":1}');
    const own = toHex((await seals.translatedImageId(module)) ?? new Uint8Array(0));
    expect(quoted({ module }).imageId).toBe(own);
    writeFileSync(join(folder, 'module.wasm'), module);
    const files = [join(folder, 'module.wasm'), join(folder, 'image.bin')];
    expect(spawnSync(PROVER, ['translate', ...files], { encoding: 'utf8' }).stdout).toBe(
      `${own}\n`,
    );
  });

  it.each<[string, string, Run]>([
    ['traps', 'trap', { module: trappingModule() }],
    ['exhausts its stack', 'trap', { module: recursingModule(), fuel: 10_000_000n }],
    ['never ends', 'out-of-fuel', { module: endlessModule(), fuel: 5_000n }],
    ['has no fuel', 'out-of-fuel', { module: constantModule('1'), fuel: 0n }],
    ['has one unit too few', 'out-of-fuel', { module: constantModule('1'), fuel: 1n }],
    ['has just enough', 'ok', { module: constantModule('1'), fuel: 2n }],
    ['has more than a register holds', 'ok', { module: constantModule('1'), fuel: 1n << 62n }],
    ['grows to all that there is', 'ok', { module: growingModule(255) }],
    ['grows beyond it', 'trap', { module: growingModule(256) }],
    ['answers from beyond its memory', 'abi-violation', { module: claimingModule(131_070, 3) }],
    ['answers up to the end of it', 'ok', { module: claimingModule(131_069, 3) }],
    ['answers with more than may be', 'abi-violation', { module: claimingModule(0, 1_048_577) }],
    ['wants its input beyond it', 'abi-violation', { module: echo(131_072) }],
    [
      'traps before it has its input',
      'trap',
      { module: pureModule({ alloc: [0x00], run: [0x42, 0] }) },
    ],
  ])('that %s ends %s', (_what, outcome, run) => {
    const { journal, input, program } = quoted(run);
    expect([journal.outcome, program]).toEqual([outcome, 'translated']);
    // The input is committed to, however early the run ended.
    expect(journal.inputCommitment).toEqual(commitTo(suite, INPUT_LABEL, inputSalt, input));
    if (outcome === 'ok') return;
    const nothing = commitTo(suite, OUTPUT_LABEL, outputSalt, new Uint8Array(0));
    expect(journal.outputCommitment).toEqual(nothing);
  });
});

describe.skipIf(!existsSync(PROVER))('the program of a request', () => {
  it('is the interpreter if the client has no module, and if the translator refuses', () => {
    const asked = quoted({ module: constantModule('1'), translate: false });
    expect(asked).toMatchObject({ program: 'interpreter', imageId: RECEIPT_IMAGES[0] });
    expect([asked.refusal, asked.journal.profile]).toEqual([undefined, RECEIPT_PROFILE]);
    const refused = quoted({ module: utf8('no module') });
    expect(refused).toMatchObject({ program: 'interpreter', refusal: 'not-a-module' });
    expect(refused.journal).toMatchObject({ outcome: 'not-a-module', profile: RECEIPT_PROFILE });
  });

  const { request } = requestOf({ module: constantModule('1'), args: { a: 1 } });
  const changed = (at: number, value: number) => {
    const out = request.slice();
    out[at] = value;
    return out;
  };
  const moduleLength = constantModule('1').length;
  const inputAt = 116 + ((moduleLength + 7) & ~7);
  it.each<[string, Uint8Array]>([
    ['of no known kind', changed(0, 3)],
    ['that is cut', request.subarray(0, request.length - 1)],
    ['that is cut before the module', request.subarray(0, 100)],
    ['with more behind it', Uint8Array.from([...request, 0])],
    ['with a longer module', changed(110, 1)],
    ['with a longer input', changed(112, (request[112] ?? 0) + 1)],
    ['whose input has another form', changed(inputAt, 0)],
    ['whose input is padded with something', changed(inputAt + 16 + 7, 1)],
  ])('is none for a request %s', (_what, bytes) => {
    const { status, stdout } = execute(bytes);
    expect([status, stdout]).toEqual([1, '']);
  });
});
