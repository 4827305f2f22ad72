/** Components in the sandbox: honest ones beside jco on V8, and hostile ones. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, transpile } from '@bytecodealliance/jco';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GuestAbi, RunLimits, SandboxEngine } from '../../../enclave/sandbox/engine.ts';
import { createProcessEngine } from '../../../enclave/sandbox/process-engine.ts';
import { encodeGuestInput } from '../../../shared/wire/guest-input.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { ADAPTER_IMPORTS, commandComponent, logicComponent } from '../../support/components.ts';
import { cCommand, rustCommand } from '../../support/guests.ts';
import { echoCommand } from '../../support/modules.ts';

const LIMITS: RunLimits = {
  fuel: 10_000_000n,
  memoryBytes: 50 * 1024 * 1024,
  deadlineMs: 20_000,
  outputBytes: 1024,
};
const input = Uint8Array.from({ length: 500 }, (_, i) => i * 7);
const folder = mkdtempSync(join(tmpdir(), 'nmp-components-'));
let engine: SandboxEngine;

beforeAll(async () => {
  engine = await createProcessEngine({
    program: join(import.meta.dirname, '../../../build/native/nmp-sandbox'),
    processes: 1,
  });
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await engine.stop();
});

interface Call {
  readonly abi?: GuestAbi;
  readonly capabilities?: readonly string[];
  readonly limits?: Partial<RunLimits>;
}
async function run(bytes: Uint8Array, { abi = 'component', capabilities = [], limits }: Call = {}) {
  const prepared = await engine.prepare(bytes, { abi, deadlineMs: 20_000, capabilities });
  const result = await engine.run(prepared, input, { ...LIMITS, ...limits });
  return { ...result, output: Uint8Array.from(result.output) };
}

/** Runs a component that imports nothing as JavaScript on V8. */
async function onV8(component: Uint8Array): Promise<Uint8Array> {
  const { files } = await transpile(component, { name: 'logic', instantiation: 'sync' });
  const entries = Array.isArray(files) ? files : Object.entries(files);
  for (const [name, bytes] of entries) writeFileSync(join(folder, String(name)), bytes);
  const made: {
    instantiate(
      core: (name: string) => WebAssembly.Module,
      imports: object,
    ): { nmpRun(input: Uint8Array): Uint8Array };
  } = await import(join(folder, 'logic.js'));
  const cores = new Map(entries.map(([name, bytes]) => [String(name), bytes]));
  const instance = made.instantiate(
    (name) => new WebAssembly.Module(Uint8Array.from(cores.get(name) ?? [])),
    {},
  );
  return instance.nmpRun(input);
}

describe('a component', () => {
  it('without imports gives what jco gives on V8, the same each time', async () => {
    const component = await logicComponent();
    const first = await run(component);
    expect(first.outcome).toBe('ok');
    expect(first.output).toEqual(input.map((byte) => byte ^ 1));
    expect(first.output).toEqual(Uint8Array.from(await onV8(component)));
    expect(first.reads).toEqual([{ start: 0, end: input.length }]);
    expect(first.fuelUsed).toBeGreaterThan(BigInt(input.length));
    expect(await run(component)).toEqual(first);
  });

  it('of a command gives what the command gives', async () => {
    const component = await commandComponent(echoCommand());
    const result = await run(component, { abi: 'wasi-p2', capabilities: ADAPTER_IMPORTS });
    expect(result.outcome).toBe('ok');
    expect(result.output).toEqual(input);
    expect(result.reads).toEqual([{ start: 0, end: input.length }]);
    const cut = await run(component, {
      abi: 'wasi-p2',
      capabilities: ADAPTER_IMPORTS,
      limits: { outputBytes: input.length - 1 },
    });
    expect(cut.outcome).toBe('abi-violation');
  });

  it('is not linked without its grants, and not under another ABI', async () => {
    const component = await commandComponent(echoCommand());
    for (const missing of ['fs', 'fd']) {
      const capabilities = ADAPTER_IMPORTS.filter((name) => name !== missing);
      expect(await codeOfAsync(run(component, { abi: 'wasi-p2', capabilities }))).toBe(
        'SANDBOX_ABI',
      );
    }
    expect(await codeOfAsync(run(component, { capabilities: ADAPTER_IMPORTS }))).toBe(
      'SANDBOX_ABI',
    );
    expect(await codeOfAsync(run(component, { abi: 'wasi-p1' }))).toBe('SANDBOX_ABI');
    expect(await codeOfAsync(run(echoCommand(), { abi: 'wasi-p2' }))).toBe('SANDBOX_ABI');
    expect((await run(await logicComponent(), { abi: 'wasi-p2' })).outcome).toBe('abi-violation');
  });
});

describe('a hostile component', () => {
  it.each<[string, string, string]>([
    ['loops for ever', 'loop br 0 end unreachable', 'out-of-fuel'],
    ['traps', 'unreachable', 'trap'],
    [
      'answers more than it may',
      '(i32.store (i32.const 4) (i32.const 1025)) i32.const 0',
      'abi-violation',
    ],
    [
      'answers what it does not have',
      '(i32.store (i32.const 4) (i32.const 65537)) i32.const 0',
      'trap',
    ],
    ['answers at an address that is none', 'i32.const -8', 'trap'],
  ])('%s', async (_, body, outcome) => {
    expect((await run(await logicComponent({ run: body }))).outcome).toBe(outcome);
  });

  it('is stopped at its deadline when fuel would last', async () => {
    const component = await logicComponent({ run: 'loop br 0 end unreachable' });
    const limits = { fuel: 1n << 62n, deadlineMs: 50 };
    expect((await run(component, { limits })).outcome).toBe('deadline');
  });

  it('has one cap for the memories of all its instances', async () => {
    const second = (pages: number) =>
      `(core module $n (memory (export "memory") ${pages})) (core instance (instantiate $n))`;
    const fits = await run(await logicComponent({ pages: 400, more: second(400) }));
    expect(fits.outcome).toBe('ok');
    expect(fits.peakMemoryBytes).toBe(800 * 65_536);
    const beyond = await run(await logicComponent({ pages: 400, more: second(401) }));
    expect(beyond.outcome).toBe('out-of-memory');
    const grown = await run(
      await logicComponent({
        pages: 400,
        more: second(400),
        run: '(if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable)) i32.const 0',
      }),
    );
    expect(grown.outcome).toBe('out-of-memory');
  });

  it('cannot have more instances, memories or tables than there is room for', async () => {
    const instances = (count: number, module: string) =>
      `(core module $n ${module}) ${'(core instance (instantiate $n))'.repeat(count)}`;
    expect((await run(await logicComponent({ more: instances(15, '') }))).outcome).toBe('ok');
    for (const more of [
      instances(16, ''),
      instances(4, '(memory 1)'),
      instances(1, '(table 100001 funcref)'),
      instances(2, '(table 60000 funcref)'),
    ]) {
      const made = logicComponent({ more });
      const outcome = await run(await made).then(
        (result) => result.outcome,
        () => 'refused',
      );
      expect(outcome).not.toBe('ok');
    }
  });

  it('cannot fill the process with handles', async () => {
    const component = await logicComponent({
      more: '(type $r (resource (rep i32))) (core func $new (canon resource.new $r)) (core module $h (import "" "new" (func $new (param i32) (result i32))) (func $go loop (drop (call $new (i32.const 1))) br 0 end) (start $go)) (core instance (instantiate $h (with "" (instance (export "new" (func $new))))))',
    });
    expect((await run(component, { limits: { fuel: 1n << 40n } })).outcome).toBe('trap');
  });

  it('cannot have the process copy more than a little at once', async () => {
    // get-stdout, then write of a list of 8 MiB.
    const component = Uint8Array.from(
      await parse(`(component
        (import "wasi:io/error@0.2.0" (instance $e (export "error" (type (sub resource)))))
        (alias export $e "error" (type $error))
        (import "wasi:io/streams@0.2.0" (instance $s
          (export "output-stream" (type $o (sub resource)))
          (alias outer 1 $error (type $outer))
          (export "error" (type $f (eq $outer)))
          (type $own (own $f))
          (type $v (variant (case "last-operation-failed" $own) (case "closed")))
          (export "stream-error" (type $x (eq $v)))
          (export "[method]output-stream.write" (func
            (param "self" (borrow $o)) (param "contents" (list u8)) (result (result (error $x)))))))
        (alias export $s "output-stream" (type $stream))
        (import "wasi:cli/stdout@0.2.0" (instance $c
          (alias outer 1 $stream (type $outer))
          (export "output-stream" (type $o (eq $outer)))
          (export "get-stdout" (func (result (own $o))))))
        (core module $memory (memory (export "memory") 200))
        (core instance $memory (instantiate $memory))
        (core func $get (canon lower (func $c "get-stdout")))
        (core func $write (canon lower (func $s "[method]output-stream.write")
          (memory (core memory $memory "memory"))))
        (core module $main
          (import "" "get" (func $get (result i32)))
          (import "" "write" (func $write (param i32 i32 i32 i32)))
          (func (export "run") (result i32)
            (call $write (call $get) (i32.const 64) (i32.const 8388608) (i32.const 0))
            i32.const 0))
        (core instance $main (instantiate $main
          (with "" (instance (export "get" (func $get)) (export "write" (func $write))))))
        (func $run (result (result)) (canon lift (core func $main "run")))
        (instance $cli (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $cli)))`),
    );
    const limits = { outputBytes: 16 * 1024 * 1024 };
    expect((await run(component, { abi: 'wasi-p2', limits })).outcome).toBe('trap');
  });

  it('cannot import an interface that no capability grants', async () => {
    const component = Uint8Array.from(
      await parse(`(component
        (import "wasi:sockets/network@0.2.0" (instance (export "network" (type (sub resource))))))`),
    );
    for (const abi of ['wasi-p2', 'component'] as const) {
      expect(await codeOfAsync(run(component, { abi, capabilities: ADAPTER_IMPORTS }))).toBe(
        'SANDBOX_ABI',
      );
    }
  });
});

describe('the files of a component', () => {
  const tables = [{ name: 'stays', stream: new Uint8Array(1001) }];
  const given = encodeGuestInput({ arguments: { ward: 'north' }, tables });
  const commands: readonly (readonly [string, Uint8Array | undefined])[] = [
    ['C', cCommand('rows.c')],
    ['Rust', rustCommand()],
  ];
  const on = async (bytes: Uint8Array, abi: GuestAbi, capabilities: readonly string[]) => {
    const prepared = await engine.prepare(bytes, { abi, deadlineMs: 20_000, capabilities });
    return engine.run(prepared, given, LIMITS);
  };

  it.for(commands)('are those of the command, for one of %s', async ([, command], { skip }) => {
    if (command === undefined) return skip('its compiler is missing');
    const plain = await on(command, 'wasi-p1', ['fs', 'fd', 'env']);
    const result = await on(await commandComponent(command), 'wasi-p2', ADAPTER_IMPORTS);
    expect(result.outcome).toBe('ok');
    expect(result.output).toEqual(plain.output);
    expect(JSON.parse(Buffer.from(result.output).toString())).toEqual({
      files: { 'arguments.json': 16, 'stays.arrow': 1001 },
      refused: true,
      input: given.length,
    });
    expect(result.reads).toEqual([{ start: 0, end: given.length }]);
  });
});
