/**
 * One run of each kind of guest beside `pure`, from the node: a component beside jco on V8, a command
 * beside node:wasi (where clang is), a text beside the same engine on V8. The peers neither meter nor cap.
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WASI } from 'node:wasi';
import { transpile } from '@bytecodealliance/jco';
import { readScriptEngine } from '../../../client/author/script.ts';
import type { GuestAbi, SandboxEngine } from '../../../enclave/sandbox/engine.ts';
import { createProcessEngine } from '../../../enclave/sandbox/process-engine.ts';
import { encodeScriptInput } from '../../../shared/script/script-input.ts';
import { encodeGuestInput } from '../../../shared/wire/guest-input.ts';
import { logicComponent } from '../../support/components.ts';
import { cCommand } from '../../support/guests.ts';
import type { Row } from '../row.ts';

const PROGRAM = join(import.meta.dirname, '../../../build/native/nmp-sandbox');
const ROUNDS = 61;
const LIMITS = {
  fuel: 1_000_000_000n,
  memoryBytes: 50 * 1024 * 1024,
  deadlineMs: 60_000,
  outputBytes: 65_536,
} as const;
const INPUT = encodeGuestInput({
  arguments: {},
  tables: [{ name: 'stays', stream: new Uint8Array(4096) }],
});

/** Median microseconds of ours and of the peer, in turns so that a busy machine hits both. */
async function beside(
  ours: () => Promise<unknown>,
  peer: () => unknown,
): Promise<readonly [number, number]> {
  const found: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, call] of [ours, peer].entries()) {
      const started = performance.now();
      await call();
      found[at]?.push((performance.now() - started) * 1_000);
    }
  }
  const [a = 0, b = 0] = found.map((all) => all.toSorted((x, y) => x - y)[all.length >> 1] ?? 0);
  return [a, b];
}

async function inSandbox(
  engine: SandboxEngine,
  bytes: Uint8Array,
  abi: GuestAbi,
  input: Uint8Array,
  capabilities: readonly string[] = [],
): Promise<() => Promise<void>> {
  const prepared = await engine.prepare(bytes, { abi, deadlineMs: 60_000, capabilities });
  return async () => {
    const { outcome } = await engine.run(prepared, input, LIMITS);
    if (outcome !== 'ok') throw new Error(`${abi}: ${outcome}`);
  };
}

async function onJco(component: Uint8Array, folder: string): Promise<() => unknown> {
  const { files } = await transpile(component, { name: 'lane', instantiation: 'sync' });
  const list: [string, Uint8Array][] = Object.entries(files);
  const script = join(folder, 'lane.mjs');
  writeFileSync(script, list.find(([name]) => name === 'lane.js')?.[1] ?? '');
  const { instantiate } = await import(script);
  const cores = new Map(
    list
      .filter(([name]) => name.endsWith('.wasm'))
      .map(([name, bytes]) => [name, new WebAssembly.Module(Uint8Array.from(bytes))]),
  );
  return () => instantiate((name: string) => cores.get(name), {}).nmpRun(INPUT);
}

/** A compiled module of the pure ABI, instantiated and called. */
function onV8(module: WebAssembly.Module, input: Uint8Array): Uint8Array {
  const { memory, nmp_alloc, nmp_run } = new WebAssembly.Instance(module).exports as unknown as {
    readonly memory: WebAssembly.Memory;
    readonly nmp_alloc: (length: number) => number;
    readonly nmp_run: (pointer: number, length: number) => bigint;
  };
  const at = nmp_alloc(input.length);
  new Uint8Array(memory.buffer).set(input, at);
  const packed = BigInt.asUintN(64, nmp_run(at, input.length));
  const [start, length] = [Number(packed >> 32n), Number(packed & 0xffff_ffffn)];
  return new Uint8Array(memory.buffer, start, length).slice();
}

/** The command with a folder of the host's and files for its streams. */
function onNodeWasi(bytes: Uint8Array, folder: string): () => void {
  const module = new WebAssembly.Module(Uint8Array.from(bytes));
  const [input, output] = [join(folder, 'in'), join(folder, 'out')];
  writeFileSync(input, INPUT);
  return () => {
    const [stdin, stdout] = [openSync(input, 'r'), openSync(output, 'w')];
    const preopens = { '/': folder };
    const wasi = new WASI({ version: 'preview1', returnOnExit: true, stdin, stdout, preopens });
    const imports = wasi.getImportObject() as WebAssembly.Imports;
    wasi.start(new WebAssembly.Instance(module, imports));
    closeSync(stdin);
    closeSync(stdout);
  };
}

export async function run(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nmp-lanes-'));
  const engine = await createProcessEngine({ program: PROGRAM, processes: 1 });
  const rows: Row[] = [];
  const row = (name: string, [value, peerValue]: readonly [number, number], peer: string) =>
    rows.push({ area: 'sandbox', name, value, unit: 'µs', peer, ratio: value / peerValue });
  try {
    const component = await logicComponent();
    row(
      'run of a component from the node, 4 kB in and out',
      await beside(
        await inSandbox(engine, component, 'component', INPUT),
        await onJco(component, folder),
      ),
      'jco 1.35.0 on V8',
    );
    const script = await readScriptEngine();
    const compiled = new WebAssembly.Module(script);
    const text = encodeScriptInput(new TextEncoder().encode('export const run = () => 1'), INPUT);
    row(
      'run of a JavaScript text from the node',
      await beside(await inSandbox(engine, script, 'pure', text), () => onV8(compiled, text)),
      'the same engine on V8',
    );
    const command = cCommand('rows.c');
    if (command !== undefined) {
      row(
        'run of a C command that reads files, from the node',
        await beside(
          await inSandbox(engine, command, 'wasi-p1', INPUT, ['fs']),
          onNodeWasi(command, folder),
        ),
        'node:wasi',
      );
    }
    return rows;
  } finally {
    await engine.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
