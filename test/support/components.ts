/** Components for tests, from text and from WASI preview 1 commands, through jco. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { componentNew, parse } from '@bytecodealliance/jco';

/** jco's adapter from preview 1 to WASI 0.2. */
const ADAPTER = join(
  import.meta.dirname,
  '../../node_modules/@bytecodealliance/jco/lib/wasi_snapshot_preview1.command.wasm',
);

/** What the adapter imports, with the names that grant it. */
export const ADAPTER_IMPORTS = ['clock', 'env', 'fs', 'fd', 'poll', 'random'] as const;

/** The command as a component that exports wasi:cli/run. */
export async function commandComponent(command: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const adapter = await readFile(ADAPTER);
  return Uint8Array.from(await componentNew(command, [['wasi_snapshot_preview1', adapter]]));
}

export interface LogicComponent {
  /** Body of `run(ptr, len) -> address of (ptr, len)`; default: every byte with its lowest bit turned. */
  readonly run?: string;
  readonly pages?: number;
  /** Further definitions inside the component, before its export. */
  readonly more?: string;
}

const TURN = `
  (local $i i32)
  block $done
    loop $next
      (br_if $done (i32.ge_u (local.get $i) (local.get $length)))
      (i32.store8 (i32.add (local.get $at) (local.get $i))
        (i32.xor (i32.load8_u (i32.add (local.get $at) (local.get $i))) (i32.const 1)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      br $next
    end
  end
  (i32.store (i32.const 0) (local.get $at))
  (i32.store (i32.const 4) (local.get $length))
  i32.const 0`;

/** A component that exports nmp-run: func(input: list<u8>) -> list<u8>. */
export async function logicComponent({
  run = TURN,
  pages = 1,
  more = '',
}: LogicComponent = {}): Promise<Uint8Array<ArrayBuffer>> {
  const text = `(component
    (core module $m
      (memory (export "memory") ${pages})
      (global $free (mut i32) (i32.const 1024))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (global.get $free)
        (global.set $free (i32.add (global.get $free) (local.get 3))))
      (func (export "run") (param $at i32) (param $length i32) (result i32) ${run}))
    (core instance $i (instantiate $m))
    ${more}
    (func $run (param "input" (list u8)) (result (list u8))
      (canon lift (core func $i "run")
        (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
    (export "nmp-run" (func $run)))`;
  return Uint8Array.from(await parse(text));
}
