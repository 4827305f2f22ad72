/** Components, written as text and assembled by jco's wasm-tools. */
import { parse } from '@bytecodealliance/jco';
import { describe, expect, it } from 'vitest';
import type { Reason } from '../../../enclave/guardian/codes.ts';
import { createGuardian } from '../../../enclave/guardian/create-guardian.ts';
import type { ModuleManifest } from '../../../enclave/guardian/guardian.ts';
import { DEFAULT_POLICY } from '../../../enclave/guardian/policy.ts';
import { authority } from './authority.ts';
import { bytes } from './build.ts';

const guardian = createGuardian({ authority }, { policy: DEFAULT_POLICY });
const judge = (wasm: Uint8Array, manifest: ModuleManifest = { capabilities: [] }) =>
  guardian.judge(wasm, manifest);
const memory = (pages: number) => `(core module $m (memory ${pages}))`;
const instances = (count: number) => '(core instance (instantiate $m))'.repeat(count);
const clock =
  '(import "wasi:clocks/monotonic-clock@0.2.0" (instance (export "now" (func (result u64)))))';
const runner = `
  (core module $m (func (export "run") (result i32) i32.const 7))
  (core instance $i (instantiate $m))
  (func $run (result u32) (canon lift (core func $i "run")))
  (export "run" (func $run))`;

type Row = readonly [
  name: string,
  text: string,
  reasons: readonly Reason[],
  manifest?: ModuleManifest,
];
const ROWS: readonly Row[] = [
  ['empty', '', []],
  ['a lifted function', runner, []],
  ['entry that is there', runner, [], { entry: 'run', capabilities: [] }],
  ['entry that is not there', runner, ['EXPORT_MISSING'], { entry: 'walk', capabilities: [] }],
  ['one instance of 500 pages', memory(500) + instances(1), []],
  ['two instances of 500 pages', memory(500) + instances(2), ['MEMORY_LIMIT']],
  ['800 instances of one page', memory(1) + instances(800), []],
  ['801 instances of one page', memory(1) + instances(801), ['MEMORY_LIMIT']],
  ['module never instantiated', memory(60_000), []],
  [
    'nested components multiply',
    `(component $a ${memory(100)} ${instances(3)}) (instance (instantiate $a)) (instance (instantiate $a)) (instance (instantiate $a))`,
    ['MEMORY_LIMIT'],
  ],
  [
    'nested components within the limit',
    `(component $a ${memory(100)} ${instances(2)}) (instance (instantiate $a)) (instance (instantiate $a))`,
    [],
  ],
  [
    'outer module instantiated inside',
    `${memory(500)} (component $a (alias outer 1 $m (core module $n)) (core instance (instantiate $n)) (core instance (instantiate $n))) (instance (instantiate $a))`,
    ['MEMORY_LIMIT'],
  ],
  [
    // The assembler gives every named component a name section of its own.
    'doubling fifteen times',
    `(component $c0 ${memory(1)} ${instances(1)})${Array.from(
      { length: 15 },
      (_, index) =>
        `(component $c${index + 1} (alias outer 1 $c${index} (component $x)) (instance (instantiate $x)) (instance (instantiate $x)))`,
    ).join('')}(instance (instantiate $c15))`,
    ['CUSTOM_SECTION', 'MEMORY_LIMIT'],
  ],
  ['clock not granted', clock, ['CAPABILITY']],
  ['clock granted', clock, [], { capabilities: ['wasi:clocks/monotonic-clock'] }],
  ['clock granted by version', clock, [], { capabilities: ['wasi:clocks/monotonic-clock@0.2.0'] }],
  [
    'clock of another version granted',
    clock,
    ['CAPABILITY'],
    { capabilities: ['wasi:clocks/monotonic-clock@0.2.1'] },
  ],
  ['preview 1 capability is no interface', clock, ['CAPABILITY'], { capabilities: ['clock'] }],
  [
    'clock in a deterministic run',
    clock,
    ['CAPABILITY'],
    { capabilities: ['wasi:clocks/monotonic-clock'], deterministic: true },
  ],
  ['foreign interface', '(import "evil:host/shell" (instance))', ['IMPORT_MODULE']],
  ['bare function import', '(import "shell" (func))', ['IMPORT_MODULE', 'IMPORT_NAME']],
  ['imported core module', '(import "m" (core module))', ['IMPORT_KIND', 'IMPORT_MODULE']],
  ['inner module with SIMD', '(core module (func (drop (v128.const i64x2 0 0))))', ['FEATURE']],
  ['inner module with two memories', '(core module (memory 1) (memory 1))', ['FEATURE']],
  ['inner start function', '(core module (func) (start 0))', []],
  [
    'inner data out of bounds',
    '(core module (memory 1) (data (i32.const 65536) "x"))',
    ['SEGMENT_BOUNDS'],
  ],
  [
    'inner secret',
    `(core module (memory 1) (data (i32.const 0) "${['AK', 'IA'].join('')}ABCDEFGH23456723"))`,
    ['SECRET'],
  ],
];

describe('components', () => {
  it.each(ROWS.map((row) => ({ name: row[0], row })))('$name', async ({ row }) => {
    const [, text, reasons, manifest] = row;
    const wasm = await parse(`(component ${text})`);
    const verdict = judge(wasm, manifest);
    expect(verdict.reasons).toEqual([...reasons]);
    expect(verdict.facts.kind).toBe('component');
    // Calls across instances are not followed: no bound may be claimed.
    expect(verdict.flags).not.toContain('COST_BOUNDED');
  });

  it('refuses every cut and every changed preamble', async () => {
    const wasm = await parse(`(component ${runner})`);
    for (let length = 8; length < wasm.length; length++) {
      // A cut between sections can leave a shorter but whole component.
      const verdict = judge(wasm.slice(0, length));
      if (verdict.verdict === 'accept')
        expect(authority.check(wasm.slice(0, length)).valid).toBe(true);
      else expect(verdict.reasons.length).toBeGreaterThan(0);
    }
    expect(judge(bytes([0, 0x61, 0x73, 0x6d, 0x0c, 0, 1, 0])).reasons).toEqual(['MALFORMED']);
  });
});
