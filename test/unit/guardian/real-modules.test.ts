/** Modules that people ship: refused for what they import, never for being modules. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createGuardian } from '../../../enclave/guardian/create-guardian.ts';
import { DEFAULT_POLICY } from '../../../enclave/guardian/policy.ts';
import { CAPABILITIES } from '../../../enclave/guardian/wasi.ts';
import { authority } from './authority.ts';

const root = join(import.meta.dirname, '..', '..', '..', 'node_modules');
const guardian = createGuardian({ authority }, { policy: DEFAULT_POLICY });
/** Everything that preview 1 has, so that only what no node grants is left to refuse. */
const everything = { capabilities: [...CAPABILITIES] };

it.each([
  // Own host functions beside preview 1.
  ['quickjs-wasi/quickjs.wasm', ['IMPORT_MODULE']],
  // Emscripten's minified namespace "a".
  ['sql.js/dist/sql-wasm.wasm', ['IMPORT_MODULE']],
  // Emscripten's "env"; memory comes from outside.
  ['@sqlite.org/sqlite-wasm/dist/sqlite3.wasm', ['IMPORT_KIND', 'IMPORT_MODULE']],
  // Memory, table and globals come from outside.
  ['web-tree-sitter/web-tree-sitter.wasm', ['IMPORT_KIND', 'IMPORT_MODULE']],
  // 14 MB: beyond the ceiling only section headers are read.
  ['esbuild-wasm/esbuild.wasm', ['COST']],
])('%s', (file, reasons) => {
  const verdict = guardian.judge(readFileSync(join(root, file)), everything);
  expect(verdict.reasons).toEqual(reasons);
  if (reasons[0] === 'COST') return;
  // Real code is deep, loops and recurses: the mathematics must say so and name places.
  expect(verdict.flags).toContain('COST_UNBOUNDED');
  const { unbounded } = verdict.facts.cost as { unbounded: { offset: number; function: number }[] };
  expect(unbounded.length).toBeGreaterThan(0);
  for (const { offset } of unbounded) {
    expect(offset).toBeGreaterThan(8);
    expect(offset).toBeLessThan(verdict.facts.bytes as number);
  }
});
