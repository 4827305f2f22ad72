/** WASI preview 1 commands as compilers make them, on the directory that holds their input. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunLimits, SandboxEngine } from '../../../enclave/sandbox/engine.ts';
import { createProcessEngine } from '../../../enclave/sandbox/process-engine.ts';
import { encodeGuestInput } from '../../../shared/wire/guest-input.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { cCommand, goCommand, rustCommand } from '../../support/guests.ts';
import { echoCommand } from '../../support/modules.ts';

const LIMITS: RunLimits = {
  fuel: 1_000_000_000n,
  memoryBytes: 50 * 1024 * 1024,
  deadlineMs: 150_000,
  outputBytes: 4096,
};
/** What Go's runtime imports whether the program uses it or not. */
const GO = ['clock', 'random', 'env', 'args', 'fs', 'poll', 'fd'];
const input = encodeGuestInput({
  arguments: { ward: 'north' },
  tables: [
    { name: 'stays', stream: Uint8Array.from({ length: 1001 }, (_, i) => i) },
    { name: 'wards', stream: new Uint8Array(8) },
  ],
});
const FILES = { 'arguments.json': 16, 'stays.arrow': 1001, 'wards.arrow': 8 };
const go = goCommand('rows.go');
const c = cCommand('rows.c');
if (go === undefined || c === undefined) {
  process.stderr.write('without Go, or clang with wasi-libc, commands of theirs are not tested\n');
}
let engine: SandboxEngine;

beforeAll(async () => {
  engine = await createProcessEngine({
    program: join(import.meta.dirname, '../../../build/native/nmp-sandbox'),
    processes: 1,
  });
});
afterAll(() => engine.stop());

async function run(module: Uint8Array, capabilities: readonly string[], given = input) {
  const prepared = await engine.prepare(module, {
    abi: 'wasi-p1',
    deadlineMs: 150_000,
    capabilities,
  });
  return engine.run(prepared, given, LIMITS);
}
const answer = (output: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(output));

describe('a WASI preview 1 command', () => {
  it.skipIf(go === undefined)(
    'of Go runs, and finds its input as files',
    { timeout: 180_000 },
    async () => {
      const result = await run(go as Uint8Array, GO);
      expect(result.outcome).toBe('ok');
      expect(answer(result.output)).toEqual({
        files: FILES,
        refused: true,
        slept: true,
        input: input.length,
        arguments: 0,
        environment: 0,
      });
      expect(result.reads).toEqual([{ start: 0, end: input.length }]);
      const again = await run(go as Uint8Array, GO);
      expect(again).toEqual(result);
    },
  );

  it.skipIf(c === undefined)('of C runs, and finds its input as files', async () => {
    const result = await run(c as Uint8Array, ['fs']);
    expect(result.outcome).toBe('ok');
    expect(answer(result.output)).toEqual({ files: FILES, refused: true, input: input.length });
  });

  const rust = rustCommand();
  it.skipIf(rust === undefined)('of Rust runs, and finds its input as files', async () => {
    const result = await run(rust as Uint8Array, ['fs', 'fd', 'env']);
    expect(result.outcome).toBe('ok');
    expect(answer(result.output)).toEqual({ files: FILES, refused: true, input: input.length });
  });

  it.skipIf(c === undefined)('finds an empty directory if its input is none', async () => {
    const { output } = await run(c as Uint8Array, ['fs'], new Uint8Array(5));
    expect(answer(output)).toEqual({ files: {}, refused: true, input: 5 });
  });

  it.skipIf(c === undefined)('is not linked without its grants', async () => {
    expect(await codeOfAsync(run(c as Uint8Array, []))).toBe('SANDBOX_ABI');
    expect(
      await codeOfAsync(
        run(
          c as Uint8Array,
          GO.filter((name) => name !== 'fs'),
        ),
      ),
    ).toBe('SANDBOX_ABI');
  });

  it('has what it read of its standard input on record', async () => {
    const { reads } = await run(echoCommand(), []);
    expect(reads).toEqual([{ start: 0, end: 1024 }]);
  });
});
