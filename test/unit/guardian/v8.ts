/**
 * The `pure` ABI on V8: an oracle for Wasmtime, which can neither meter nor cap. It runs in a
 * worker, since only ending the worker ends an endless loop.
 */
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import type { Outcome, RunLimits } from '../../../enclave/sandbox/engine.ts';

export type V8Result = { readonly outcome: Outcome; readonly output: Uint8Array } | undefined;

function run(
  module: WebAssembly.Module,
  input: Uint8Array,
  limits: Pick<RunLimits, 'memoryBytes' | 'outputBytes'>,
): V8Result {
  const none = new Uint8Array();
  let memory: unknown;
  const end = (outcome: Outcome, output: Uint8Array = none) =>
    memory instanceof WebAssembly.Memory && memory.buffer.byteLength > limits.memoryBytes
      ? undefined
      : { outcome, output };
  try {
    const instance = new WebAssembly.Instance(module, {});
    const exports: Readonly<Record<string, unknown>> = instance.exports;
    memory = exports.memory;
    const { nmp_alloc: alloc, nmp_run: entry } = exports;
    if (
      !(memory instanceof WebAssembly.Memory) ||
      typeof alloc !== 'function' ||
      typeof entry !== 'function'
    ) {
      return end('abi-violation');
    }
    const pointer: unknown = alloc(input.length);
    const start = Number(pointer) >>> 0;
    if (start + input.length > memory.buffer.byteLength) return end('abi-violation');
    new Uint8Array(memory.buffer).set(input, start);
    const result: unknown = entry(Number(pointer), input.length);
    if (typeof result !== 'bigint') return end('abi-violation');
    const from = Number(BigInt.asUintN(64, result) >> 32n);
    const length = Number(BigInt.asUintN(32, result));
    if (length > limits.outputBytes || from + length > memory.buffer.byteLength)
      return end('abi-violation');
    return end('ok', new Uint8Array(memory.buffer.slice(from, from + length)));
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError)
      return end('trap');
    throw error;
  }
}

interface Job {
  readonly wasm: Uint8Array;
  readonly input: Uint8Array;
  readonly limits: Pick<RunLimits, 'memoryBytes' | 'outputBytes'>;
}

if (!isMainThread) {
  parentPort?.on('message', ({ wasm, input, limits }: Job) => {
    parentPort?.postMessage(run(new WebAssembly.Module(Buffer.from(wasm)), input, limits));
  });
}

/** Runs one module after another; one that does not end takes its worker with it. */
export class V8Oracle {
  #worker: Worker | undefined;
  #done: ((result: V8Result) => void) | undefined;

  #start(): Worker {
    const worker = new Worker(new URL(import.meta.url));
    worker.on('message', (result: V8Result) => this.#done?.(result));
    worker.on('error', (error) => {
      throw error;
    });
    return worker;
  }

  /** Undefined if the run cannot be compared: it did not end, or grew its memory beyond the cap. */
  run(job: Job, timeoutMs = 3_000): Promise<V8Result> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#worker = undefined;
        void worker.terminate().then(() => resolve(undefined));
      }, timeoutMs);
      this.#done = (result) => {
        clearTimeout(timer);
        resolve(result);
      };
      worker.postMessage(job);
    });
  }

  async stop(): Promise<void> {
    await this.#worker?.terminate();
  }
}
