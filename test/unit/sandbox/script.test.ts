/** Plain JavaScript on the pinned engine: what a text finds, what it lacks, and how it ends. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatasets } from '../../../enclave/data/open.ts';
import { loadAuthority } from '../../../enclave/guardian/authority.ts';
import { createGuardian } from '../../../enclave/guardian/create-guardian.ts';
import { judgeScript } from '../../../enclave/guardian/judge-script.ts';
import { manifestOf } from '../../../enclave/guardian/manifest-of.ts';
import { DEFAULT_POLICY } from '../../../enclave/guardian/policy.ts';
import type { Prepared, RunLimits, SandboxEngine } from '../../../enclave/sandbox/engine.ts';
import { createProcessEngine } from '../../../enclave/sandbox/process-engine.ts';
import { parseNodeConfig } from '../../../shared/policy/node-config.ts';
import {
  SCRIPT_BYTES_MAX,
  SCRIPT_ENGINE_SHA256,
  SCRIPT_START_FUEL,
} from '../../../shared/script/engine.ts';
import { encodeScriptInput } from '../../../shared/script/script-input.ts';
import type { JsonValue } from '../../../shared/wire/canonical-json.ts';
import { encodeGuestInput, type GuestTable } from '../../../shared/wire/guest-input.ts';
import { runGuest } from '../author/run-guest.ts';

const root = join(import.meta.dirname, '../../..');
const module = Uint8Array.from(readFileSync(join(root, 'shared/script/engine.wasm')));
const LIMITS: RunLimits = {
  fuel: 500_000_000n,
  memoryBytes: 50 * 1024 * 1024,
  deadlineMs: 60_000,
  outputBytes: 65_536,
};
const utf8 = (text: string) => new TextEncoder().encode(text);
let engine: SandboxEngine;
let prepared: Prepared;

beforeAll(async () => {
  engine = await createProcessEngine({
    program: join(root, 'build/native/nmp-sandbox'),
    processes: 1,
  });
  prepared = await engine.prepare(module, { abi: 'pure', deadlineMs: 60_000 });
});
afterAll(() => engine.stop());

const inputOf = (args: JsonValue = {}, tables: readonly GuestTable[] = []) =>
  encodeGuestInput({ arguments: args, tables });
async function run(text: string, input = inputOf(), limits: Partial<RunLimits> = {}) {
  const given = encodeScriptInput(utf8(text), input);
  return engine.run(prepared, given, { ...LIMITS, ...limits });
}
async function answer(text: string, input = inputOf()): Promise<unknown> {
  const { outcome, output } = await run(text, input);
  expect(outcome).toBe('ok');
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(output));
}

describe('the engine', () => {
  it('is the pinned one, imports nothing, and passes the guardian as any module', () => {
    expect(createHash('sha256').update(module).digest('hex')).toBe(SCRIPT_ENGINE_SHA256);
    expect(WebAssembly.Module.imports(new WebAssembly.Module(module))).toEqual([]);
    const guardian = createGuardian({ authority: loadAuthority() }, { policy: DEFAULT_POLICY });
    const verdict = guardian.judge(module, manifestOf('pure', []));
    expect([verdict.verdict, verdict.reasons]).toEqual(['accept', []]);
    expect(verdict.flags).toContain('PURE');
  });

  it('takes the fuel to start that authors are told', async () => {
    const { fuelUsed } = await run('export const run=()=>0');
    expect(fuelUsed).toBeGreaterThan(SCRIPT_START_FUEL);
    expect(fuelUsed).toBeLessThan(SCRIPT_START_FUEL + 100_000n);
  });

  it('gives the same answer and fuel each time, and the answer of V8', async () => {
    const text = `export const run = ({ arguments: { n } }) => {
      const found = new Map();
      for (let i = 1; i <= n; i++) found.set('k' + (i % 7), (found.get('k' + (i % 7)) ?? 0) + Math.sin(i) / i);
      return { found: [...found], sorted: [...found.keys()].sort().reverse(), not: 0 / 0, huge: 1e308 * 10 };
    }`;
    const input = inputOf({ n: 2000 });
    const first = await run(text, input);
    expect(first.outcome).toBe('ok');
    expect(await run(text, input)).toEqual(first);
    expect(Buffer.from(first.output).toString()).toBe(
      await runGuest(module, encodeScriptInput(utf8(text), input)),
    );
  });
});

describe('a text', () => {
  it('gets its arguments and tables', async () => {
    const config = parseNodeConfig(
      JSON.stringify({
        version: 1,
        datasets: [
          {
            id: 'cells',
            format: 'ndjson',
            path: 'cells.ndjson',
            classification: 'internal',
            columns: [
              { name: 'word', type: 'utf8' },
              { name: 'count', type: 'int32' },
              { name: 'share', type: 'float64' },
              { name: 'known', type: 'bool' },
            ],
          },
        ],
        capabilities: [],
      }),
      'nmp.node.json',
    );
    const rows = [
      { word: 'grüße €😀', count: -5, share: 0.1, known: true },
      { word: null, count: null, share: null, known: null },
      { word: '', count: 2_147_483_647, share: -1e-300, known: false },
      ...Array.from({ length: 20 }, (_, i) => ({
        word: 'w'.repeat(100 * i),
        count: i,
        share: i / 3,
        known: i % 3 === 0,
      })),
    ];
    const store = await openDatasets(config, {
      source: { read: async () => utf8(rows.map((row) => JSON.stringify(row)).join('\n')) },
      random: { bytes: (length) => new Uint8Array(length) },
    });
    const names = ['word', 'count', 'share', 'known'];
    const input = inputOf({ a: ['ö', 1.5, null] }, [
      { name: 'cells', stream: store.project('cells', names) },
    ]);
    const text = `export function run(input) {
      const table = input.table('cells');
      return {
        arguments: input.arguments, tables: input.tables, rows: table.rows, columns: table.columns,
        words: table.column('word').slice(0, 3), records: table.records(),
      };
    }`;
    expect(await answer(text, input)).toEqual({
      arguments: { a: ['ö', 1.5, null] },
      tables: ['cells'],
      rows: rows.length,
      columns: names,
      words: ['grüße €😀', null, ''],
      records: rows,
    });
    for (const wrong of ["table('none')", "table('cells').column('none')"]) {
      const { outcome } = await run(`export const run = (input) => input.${wrong}`, input);
      expect(outcome).toBe('trap');
    }
  });

  it('knows dates but not the date, and no chance', async () => {
    expect(
      await answer(`export const run = () => {
        const refused = (what) => { try { what(); return false; } catch { return true; } };
        return {
          day: new Date('2024-02-29T12:00:00Z').toISOString(), zone: new Date(2024, 6, 1).getTimezoneOffset(),
          kind: new Date(0) instanceof Date, name: Date.name,
          refused: [() => Date.now(), () => new Date(), () => new (new Date(0).constructor)(),
            () => Math.random()].map(refused),
          absent: ['WeakRef', 'FinalizationRegistry', 'performance', 'setTimeout', 'fetch', 'require',
            'process', 'console', 'Atomics', 'SharedArrayBuffer', 'std', 'os'].filter((name) => name in globalThis),
        };
      }`),
    ).toEqual({
      day: '2024-02-29T12:00:00.000Z',
      zone: 0,
      kind: true,
      name: 'Date',
      refused: [true, true, true, true],
      absent: [],
    });
  });

  it.each<[string, string, string]>([
    ['throws', 'export const run = () => { throw new Error("secret"); }', 'trap'],
    ['does not parse', 'export const run = (', 'trap'],
    ['imports', 'import "x"; export const run = () => 1', 'trap'],
    ['has no run', 'export const go = () => 1', 'trap'],
    ['throws while it loads', 'throw 1; export const run = () => 1', 'trap'],
    ['waits while it loads', 'await new Promise(() => {}); export const run = () => 1', 'trap'],
    ['exports no function', 'export const run = 1', 'trap'],
    ['answers nothing', 'export const run = () => undefined', 'trap'],
    ['answers a function', 'export const run = () => () => 1', 'trap'],
    ['answers a promise', 'export const run = async () => 1', 'trap'],
    ['answers a circle', 'export const run = () => { const a = []; a.push(a); return a; }', 'trap'],
    ['calls itself for ever', 'const f = () => f() + 1; export const run = () => f()', 'trap'],
    ['loops for ever', 'export const run = () => { for (;;); }', 'out-of-fuel'],
    [
      'matches for ever',
      'export const run = () => /^(a+)+$/.test("a".repeat(40) + "b")',
      'out-of-fuel',
    ],
    [
      'hoards memory',
      'export const run = () => { const a = []; for (;;) a.push(new Uint8Array(1048576)); }',
      'out-of-memory',
    ],
    ['answers too much', 'export const run = () => "x".repeat(65536)', 'abi-violation'],
  ])('that %s ends as a module would', async (_, text, outcome) => {
    const ended = await run(text);
    expect(ended.outcome).toBe(outcome);
    expect(ended.output).toHaveLength(0);
  });

  it('cannot be hidden in a frame that is not one', async () => {
    const whole = encodeScriptInput(utf8('export const run = () => 1'), inputOf());
    expect((await engine.run(prepared, whole, LIMITS)).outcome).toBe('ok');
    const changed = (at: number, value: number) => {
      const copy = Uint8Array.from(whole);
      copy[at] = value;
      return copy;
    };
    for (const frame of [
      new Uint8Array(0),
      whole.subarray(0, 15),
      encodeScriptInput(utf8('export const run = () => 1'), new Uint8Array(0)),
      changed(0, 0),
      changed(4, 2),
      changed(11, 0xff),
      changed(12, 1),
      changed(16 + 27, 1),
    ]) {
      expect((await engine.run(prepared, frame, LIMITS)).outcome).toBe('trap');
    }
  });
});

describe('the verdict on a text', () => {
  const guardian = createGuardian({ authority: loadAuthority() }, { policy: DEFAULT_POLICY });
  const judged = (text: Uint8Array) =>
    judgeScript(guardian.judge(module, manifestOf('pure', [])), text);

  it('names the text, and the engine in its facts', () => {
    const text = utf8('export const run = () => 1');
    const verdict = judged(text);
    expect(verdict.verdict).toBe('accept');
    expect(Buffer.from(verdict.moduleHash)).toEqual(createHash('sha256').update(text).digest());
    expect(verdict.facts).toMatchObject({ kind: 'script', engine: SCRIPT_ENGINE_SHA256 });
  });

  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'COST'],
    ['more than 256 KiB', new Uint8Array(SCRIPT_BYTES_MAX + 1).fill(32), 'COST'],
    ['what is no UTF-8', Uint8Array.of(0xc3, 0x28), 'MALFORMED'],
    ['a NUL', utf8('export const run = 1;\0'), 'MALFORMED'],
    ['a private key', utf8(`// ${['-----BEGIN', 'PRIVATE KEY-----'].join(' ')}`), 'SECRET'],
  ])('refuses %s', (_, text, reason) => {
    expect(judged(text)).toMatchObject({ verdict: 'reject', reasons: [reason] });
  });

  it('refuses every text if the engine was refused', () => {
    const refused = guardian.judge(module.subarray(0, 100), manifestOf('pure', []));
    expect(judgeScript(refused, utf8('export const run = () => 1')).verdict).toBe('reject');
  });
});
