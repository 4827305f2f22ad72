/** A sandbox on V8 and virtual time, with the ways in which runs end badly. The real one has its own tests. */
import { createHash } from 'node:crypto';
import type { Outcome, Prepared, RunResult, SandboxEngine } from '../../enclave/sandbox/engine.ts';
import type { Scheduler } from './scheduler.ts';

interface PureExports {
  readonly memory: WebAssembly.Memory;
  readonly nmp_alloc: (length: number) => number;
  readonly nmp_run: (pointer: number, length: number) => bigint;
}

export function runOnV8(wasm: Uint8Array, input: Uint8Array): Uint8Array {
  const module = new WebAssembly.Module(Uint8Array.from(wasm));
  const exports = new WebAssembly.Instance(module).exports as unknown as PureExports;
  const pointer = exports.nmp_alloc(input.length);
  new Uint8Array(exports.memory.buffer).set(input, pointer);
  const result = BigInt.asUintN(64, exports.nmp_run(pointer, input.length));
  const [start, length] = [Number(result >> 32n), Number(result & 0xffff_ffffn)];
  return new Uint8Array(exports.memory.buffer).slice(start, start + length);
}

/** @param fate how the next run ends, and how long it takes */
export function createSimEngine(
  { scheduler }: { readonly scheduler: Scheduler },
  fate: () => { readonly outcome: Outcome; readonly ms: number },
): SandboxEngine {
  const modules = new Map<string, Uint8Array>();
  const hashOf = (wasm: Uint8Array) => createHash('sha256').update(wasm).digest('hex');
  return {
    async prepare(module, { abi }): Promise<Prepared> {
      await scheduler.sleep(1);
      const hash = hashOf(module);
      modules.set(hash, Uint8Array.from(module));
      return { moduleHash: Uint8Array.from(Buffer.from(hash, 'hex')), abi };
    },
    async run(prepared, input): Promise<RunResult> {
      const { outcome, ms } = fate();
      await scheduler.sleep(ms);
      const module = modules.get(Buffer.from(prepared.moduleHash).toString('hex'));
      if (module === undefined) throw new Error('not prepared');
      const output = outcome === 'ok' ? runOnV8(module, input) : new Uint8Array(0);
      return { outcome, output, fuelUsed: 1n, peakMemoryBytes: 65_536, reads: [] };
    },
    describe: () => ({
      id: 'v8-simulation',
      version: process.versions.v8,
      profile: 'nmp-wasm-v1',
      deterministic: true,
      metered: false,
      isolated: false,
    }),
    stop: async () => undefined,
  };
}
