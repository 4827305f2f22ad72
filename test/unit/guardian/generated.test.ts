/** wasm-smith's modules: what the guardian claims of them must be true on Wasmtime and on V8. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGuardian } from '../../../enclave/guardian/create-guardian.ts';
import { DEFAULT_POLICY } from '../../../enclave/guardian/policy.ts';
import { PREVIEW1_FUNCTIONS } from '../../../enclave/guardian/wasi.ts';
import type { RunResult, SandboxEngine } from '../../../enclave/sandbox/engine.ts';
import { createProcessEngine } from '../../../enclave/sandbox/process-engine.ts';
import { authority } from './authority.ts';
import { oracleProgram, oracleRecords } from './oracle.ts';
import { V8Oracle } from './v8.ts';

/** `make fuzz` raises it; seeds run from `FIRST`, so a failure names its module. */
const MODULES = Number(process.env.NMP_SMITH_MODULES ?? 5000);
const FIRST = Number(process.env.NMP_SMITH_FIRST ?? 0);
const BATCH = 1000;
const FUEL = 2_000_000n;
const LIMITS = { fuel: FUEL, memoryBytes: 800 * 65_536, deadlineMs: 20_000, outputBytes: 65_536 };
const INPUT = Uint8Array.from({ length: 64 }, (_, index) => index);

describe.skipIf(oracleProgram() === undefined)(`wasm-smith 0.254.2, ${MODULES} modules`, () => {
  let engine: SandboxEngine;
  const v8 = new V8Oracle();
  beforeAll(async () => {
    const program = join(import.meta.dirname, '..', '..', '..', 'build', 'native', 'nmp-sandbox');
    engine = await createProcessEngine({ program, processes: 2 });
  });
  afterAll(() => Promise.all([engine.stop(), v8.stop()]));

  it('claims nothing that does not hold', {
    timeout: Math.max(1_800_000, MODULES * 30),
  }, async () => {
    const guardian = createGuardian({ authority }, { policy: DEFAULT_POLICY, cacheEntries: 1 });
    const wrong: string[] = [];
    const seen = { accepted: 0, refused: 0, bounded: 0, ok: 0, compared: 0, equalOutputs: 0 };
    const check = async (seed: number, wasm: Uint8Array) => {
      const entry = { entry: 'nmp_run', capabilities: [] };
      const verdict = guardian.judge(wasm, seed % 4 === 0 ? { capabilities: [] } : entry);
      if (verdict.verdict === 'reject') {
        seen.refused++;
        const broken = verdict.reasons.filter((reason) => UNSOUND.has(reason));
        if (broken.length > 0) wrong.push(`${seed}: ${broken}`);
        return;
      }
      seen.accepted++;
      for (const item of WebAssembly.Module.imports(new WebAssembly.Module(Buffer.from(wasm)))) {
        if (!PREVIEW1_FUNCTIONS.has(item.name)) wrong.push(`${seed}: forbidden import`);
      }
      if (verdict.facts.abi !== 'pure') return;
      const prepared = await engine.prepare(wasm, { abi: 'pure', deadlineMs: 20_000 });
      const result = await engine.run(prepared, INPUT, LIMITS);
      if (!ENDS.has(result.outcome)) wrong.push(`${seed}: ended as ${result.outcome}`);
      if (result.outcome === 'ok') seen.ok++;
      if (result.peakMemoryBytes > LIMITS.memoryBytes) wrong.push(`${seed}: memory`);
      const bound = (verdict.facts.cost as { total: string | null }).total;
      if (bound !== null) {
        seen.bounded++;
        if (result.fuelUsed > BigInt(bound)) wrong.push(`${seed}: ${result.fuelUsed} > ${bound}`);
        // A bound within the fuel given means that fuel cannot have run out.
        if (BigInt(bound) < FUEL && result.outcome === 'out-of-fuel') wrong.push(`${seed}: fuel`);
      }
      await compare(seed, wasm, verdict.flags, result);
    };
    const compare = async (
      seed: number,
      wasm: Uint8Array,
      flags: readonly string[],
      result: RunResult,
    ) => {
      // V8 has no meter: only what ended on Wasmtime is tried. Where a stack overflows is an
      // engine's own affair.
      if (result.outcome === 'out-of-fuel' || result.outcome === 'out-of-memory') return;
      if (flags.includes('STACK_UNBOUNDED')) return;
      const other = await v8.run({ wasm, input: INPUT, limits: LIMITS });
      if (other === undefined) return;
      seen.compared++;
      if (other.outcome !== result.outcome) {
        wrong.push(`${seed}: ${result.outcome} on Wasmtime, ${other.outcome} on V8`);
      } else if (result.outcome === 'ok') {
        if (Buffer.compare(result.output, other.output) === 0) seen.equalOutputs++;
        else wrong.push(`${seed}: outputs differ`);
      }
    };
    for (let done = 0; done < MODULES; done += BATCH) {
      const count = Math.min(BATCH, MODULES - done);
      const words = ['smith', String(FIRST + done), String(count)];
      const records = [...oracleRecords<{ seed: number }>(...words)];
      for (const { note, wasm } of records) await check(note.seed, wasm);
    }
    process.stderr.write(`wasm-smith: ${JSON.stringify(seen)}\n`);
    expect(wrong).toEqual([]);
    // The test must not come to pass by comparing nothing.
    expect(seen.accepted).toBeGreaterThan(MODULES / 3);
    expect(seen.bounded).toBeGreaterThan(MODULES / 10);
    expect(seen.compared).toBeGreaterThan(MODULES / 10);
  });
});

/** wasm-smith's modules are valid and use allowed features only. */
const UNSOUND = new Set(['MALFORMED', 'INVALID', 'FEATURE', 'PARSER_DISAGREEMENT']);
const ENDS = new Set(['ok', 'trap', 'out-of-fuel', 'out-of-memory', 'abi-violation']);
