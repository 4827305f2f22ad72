/**
 * Verdicts on modules of 25 kB to 690 kB: not cached, cached, and against what others take to
 * validate or only to parse. The process is warm (a node judges more than one module in its life).
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import wabtFactory from 'wabt';
import { BinaryReader } from 'wasmparser';
import { loadAuthority } from '../../../enclave/guardian/authority.ts';
import { createGuardian } from '../../../enclave/guardian/create-guardian.ts';
import { DEFAULT_POLICY } from '../../../enclave/guardian/policy.ts';
import type { Row } from '../row.ts';
import { small } from './small-module.ts';

const ROUNDS = 25;
const WARMUP = 40;
const NONE = { capabilities: [] };
const modules = join(import.meta.dirname, '..', '..', '..', 'node_modules');

/** Median of `ROUNDS` timed calls after a warm-up, milliseconds. */
function median(action: () => unknown, warmup = WARMUP): number {
  for (let round = 0; round < warmup; round++) action();
  const times = Array.from({ length: ROUNDS }, () => {
    const started = performance.now();
    action();
    return performance.now() - started;
  });
  return times.sort((a, b) => a - b)[ROUNDS >> 1] as number;
}

export async function run(): Promise<Row[]> {
  const authority = loadAuthority();
  const wabt = await wabtFactory();
  const rows: Row[] = [];
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['25 kB', small()],
    ['quickjs 637 kB', readFileSync(join(modules, 'quickjs-wasi', 'quickjs.wasm'))],
    ['sqlite 688 kB', readFileSync(join(modules, 'sql.js', 'dist', 'sql-wasm.wasm'))],
  ];
  for (const [name, wasm] of cases) {
    const fresh = () => createGuardian({ authority }, { policy: DEFAULT_POLICY });
    const cold = median(() => fresh().judge(wasm, NONE));
    const peer = (title: string, action: () => unknown, warmup?: number): Row => ({
      area: 'guardian',
      name: `${name}: verdict, not cached`,
      value: cold,
      unit: 'ms',
      peer: title,
      ratio: cold / median(action, warmup),
    });
    rows.push(
      peer('WebAssembly.validate (V8: no policy, no bounds)', () =>
        WebAssembly.validate(Buffer.from(wasm)),
      ),
      peer('native wasmparser alone', () => authority.check(wasm)),
      peer('npm wasmparser 5.11.1 (parses only)', () => {
        const reader = new BinaryReader();
        reader.setData(wasm.slice().buffer, 0, wasm.length);
        while (reader.read()) if (reader.state < 0) throw new Error('does not parse');
      }),
      peer(
        'wabt 1.0.39 (validates)',
        () => wabt.readWasm(wasm, { readDebugNames: false }).destroy(),
        2,
      ),
    );
    const guardian = fresh();
    guardian.judge(wasm, NONE);
    const hash = createHash('sha256').update(wasm).digest();
    const cached = median(() => {
      for (let index = 0; index < 100; index++) guardian.judge(wasm, NONE);
    });
    const recalled = median(() => {
      for (let index = 0; index < 100; index++) guardian.recall(hash, NONE);
    });
    rows.push(
      {
        area: 'guardian',
        name: `${name}: cached, hashing the module`,
        value: cached * 10,
        unit: 'µs',
      },
      {
        area: 'guardian',
        name: `${name}: cached, asked by hash`,
        value: recalled * 10,
        unit: 'µs',
      },
    );
  }
  return rows;
}
