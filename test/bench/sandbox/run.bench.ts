/**
 * One run of a small prepared module (instantiate, call, drop): inside the sandbox process, and
 * from the node through its pipe; beside V8, a component that jco made into JavaScript, and
 * node:wasi, which neither meter nor cap. Then the same call while endless loops of others wait.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WASI } from 'node:wasi';
import { parse, transpile } from '@bytecodealliance/jco';
import type { SandboxEngine } from '../../../enclave/sandbox/engine.ts';
import { createProcessEngine } from '../../../enclave/sandbox/process-engine.ts';
import { constantModule, echoCommand, endlessModule } from '../../support/modules.ts';
import type { Row } from '../row.ts';

const PROGRAM = join(import.meta.dirname, '../../../build/native/nmp-sandbox');
const OUTPUT = '{"n":5}';
const ROUNDS = 400;
/** Enough for a 99th percentile that one slow call does not decide. */
const TAIL_ROUNDS = 10_000;
const LOOPS = 1_000;
/** What each loop may burn: a second and more. */
const LOOP_FUEL = 2_000_000_000n;
const LIMITS = {
  fuel: 1_000_000n,
  memoryBytes: 1 << 20,
  deadlineMs: 10_000,
  outputBytes: 1024,
} as const;

const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);
const median = (values: readonly number[]) => sorted(values)[values.length >> 1] as number;
const p99 = (values: readonly number[]) =>
  sorted(values)[Math.min(values.length - 1, Math.ceil(values.length * 0.99) - 1)] as number;

/** Microseconds of each of `rounds` calls, one after the other. */
async function times(rounds: number, call: () => unknown): Promise<number[]> {
  const out: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    await call();
    out.push((performance.now() - started) * 1_000);
  }
  return out;
}

async function warm(call: () => unknown): Promise<number> {
  await times(ROUNDS, call);
  return median(await times(ROUNDS, call));
}

function inProcess(module: Uint8Array, folder: string): number {
  const file = join(folder, 'module.wasm');
  writeFileSync(file, module);
  const { stdout, status } = spawnSync(PROGRAM, ['measure', file, '20000'], { encoding: 'utf8' });
  if (status !== 0) throw new Error('nmp-sandbox measure failed');
  return JSON.parse(stdout).medianNs / 1_000;
}

function onV8(module: WebAssembly.Module): string {
  const { memory, nmp_alloc, nmp_run } = new WebAssembly.Instance(module).exports as unknown as {
    readonly memory: WebAssembly.Memory;
    readonly nmp_alloc: (length: number) => number;
    readonly nmp_run: (pointer: number, length: number) => bigint;
  };
  const result = nmp_run(nmp_alloc(0), 0);
  const [start, length] = [Number(result >> 32n), Number(result & 0xffff_ffffn)];
  return new TextDecoder().decode(new Uint8Array(memory.buffer, start, length));
}

/** A component of one function that answers a number; through jco, on V8. */
async function onJco(folder: string): Promise<() => Promise<number>> {
  const component = await parse(`(component
    (core module $m (memory 1) (func (export "run") (result i32) i32.const 5))
    (core instance $i (instantiate $m))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))`);
  const { files } = await transpile(component, { name: 'one', instantiation: 'sync' });
  const list: [string, Uint8Array][] = Object.entries(files);
  for (const [name, content] of list) writeFileSync(join(folder, name), content);
  const script = join(folder, 'one.mjs');
  writeFileSync(script, list.find(([name]) => name === 'one.js')?.[1] ?? '');
  const { instantiate } = await import(script);
  const cores = new Map(
    list
      .filter(([name]) => name.endsWith('.wasm'))
      .map(([name, bytes]) => [name, new WebAssembly.Module(Uint8Array.from(bytes))]),
  );
  return async () => instantiate((name: string) => cores.get(name), {}).run();
}

/** A command that copies standard input, on node:wasi with files for its streams. */
function onNodeWasi(module: WebAssembly.Module): void {
  const wasi = new WASI({ version: 'preview1', returnOnExit: true });
  const instance = new WebAssembly.Instance(module, {
    wasi_snapshot_preview1: wasi.wasiImport,
  } as WebAssembly.Imports);
  // Instantiated and tied, not started: reading standard input would wait for a terminal.
  wasi.initialize({ exports: { memory: instance.exports.memory } });
}

/** p99 of an honest peer's call in microseconds, while others' loops run and wait. */
async function besideLoops(engine: SandboxEngine, honest: () => Promise<unknown>): Promise<number> {
  const endless = await engine.prepare(endlessModule(), { abi: 'pure', deadlineMs: 10_000 });
  const stop = new AbortController();
  const limits = { ...LIMITS, fuel: LOOP_FUEL };
  const loops = Array.from({ length: LOOPS }, (_, index) =>
    engine
      .run(endless, new Uint8Array(0), limits, { peer: `loop-${index % 8}`, signal: stop.signal })
      .catch(() => undefined),
  );
  // At first each of them is new, and the flood itself keeps the node's one thread busy; then what
  // remains is the loops.
  await times(TAIL_ROUNDS, honest);
  const found = p99(await times(TAIL_ROUNDS, honest));
  stop.abort();
  await Promise.all(loops);
  return found;
}

export async function run(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nmp-bench-'));
  const engine = await createProcessEngine({ program: PROGRAM, processes: 2 });
  try {
    const module = constantModule(OUTPUT);
    const inside = inProcess(module, folder);
    const prepared = await engine.prepare(module, { abi: 'pure', deadlineMs: 10_000 });
    const honest = () =>
      engine.run(prepared, new Uint8Array(0), LIMITS, { peer: 'honest' }).then((result) => {
        if (result.outcome !== 'ok') throw new Error(result.outcome);
      });
    const fromNode = await warm(honest);
    const v8Module = new WebAssembly.Module(module);
    const v8 = await warm(() => onV8(v8Module));
    const jco = await warm(await onJco(folder));
    const echo = new WebAssembly.Module(echoCommand());
    const nodeWasi = await warm(() => onNodeWasi(echo));
    const idle = p99(await times(TAIL_ROUNDS, honest));
    const area = 'sandbox';
    const rows = (name: string, value: number, goal: number): Row[] => [
      { area, name, value, unit: 'µs', peer: `limit ${goal} µs`, ratio: value / goal },
      { area, name, value, unit: 'µs', peer: 'V8 WebAssembly (same module)', ratio: value / v8 },
      { area, name, value, unit: 'µs', peer: 'jco 1.35.0 on V8 (component)', ratio: value / jco },
      { area, name, value, unit: 'µs', peer: 'node:wasi (set-up only)', ratio: value / nodeWasi },
    ];
    const loaded = await besideLoops(engine, honest);
    return [
      ...rows('run inside the sandbox process', inside, 20),
      ...rows('run from the node', fromNode, 150),
      {
        area,
        name: `p99 of an honest run beside ${LOOPS} endless loops`,
        value: loaded,
        unit: 'µs',
        peer: 'p99 idle',
        ratio: loaded / idle,
      },
    ];
  } finally {
    await engine.stop();
    rmSync(folder, { recursive: true });
  }
}
