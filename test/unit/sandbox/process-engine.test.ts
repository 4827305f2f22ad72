import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunLimits, SandboxEngine } from '../../../enclave/sandbox/engine.ts';
import { createProcessEngine } from '../../../enclave/sandbox/process-engine.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { descendants } from '../../support/local-node.ts';
import {
  claimingModule,
  constantModule,
  echoCommand,
  endlessModule,
  growingModule,
  pureModule,
  recursingModule,
  trappingModule,
} from '../../support/modules.ts';
import { ADD, brIf, build, get, I32, I64, i32, loop, set } from '../guardian/build.ts';

const program = join(import.meta.dirname, '..', '..', '..', 'build', 'native', 'nmp-sandbox');
const LIMITS: RunLimits = {
  fuel: 10_000_000n,
  memoryBytes: 50 * 1024 * 1024,
  deadlineMs: 20_000,
  outputBytes: 1024,
};
const input = new Uint8Array(64);
let engine: SandboxEngine;

beforeAll(async () => {
  engine = await createProcessEngine({ program, processes: 1 });
});
afterAll(() => engine.stop());

async function run(
  module: Uint8Array,
  limits: Partial<RunLimits> = {},
  abi: 'pure' | 'wasi-p1' = 'pure',
) {
  const prepared = await engine.prepare(module, { abi, deadlineMs: 20_000 });
  return engine.run(prepared, input, { ...LIMITS, ...limits });
}

describe('the sandbox', () => {
  it('says what it is', () => {
    expect(engine.describe()).toEqual({
      id: 'wasmtime',
      version: '48.0.8',
      profile: 'nmp-wasm-v1',
      deterministic: true,
      metered: true,
      isolated: true,
    });
  });

  it('runs a module and gives the same output and fuel each time', async () => {
    const first = await run(constantModule('{"a":1}'));
    expect(first.outcome).toBe('ok');
    expect(Buffer.from(first.output).toString()).toBe('{"a":1}');
    expect(first.fuelUsed).toBeGreaterThan(0n);
    for (let i = 0; i < 3; i++) expect(await run(constantModule('{"a":1}'))).toEqual(first);
  });

  it('stops an endless loop by fuel, with all of it used', async () => {
    const { outcome, fuelUsed, output } = await run(endlessModule());
    expect(outcome).toBe('out-of-fuel');
    expect(fuelUsed).toBe(LIMITS.fuel);
    expect(output).toHaveLength(0);
  });

  it('kills a run at its deadline when fuel would last', async () => {
    const { outcome } = await run(endlessModule(), { fuel: 1n << 62n, deadlineMs: 50 });
    expect(outcome).toBe('deadline');
  });

  it('caps memory exactly at 800 pages', async () => {
    expect((await run(growingModule(799))).outcome).toBe('ok');
    expect((await run(growingModule(800))).outcome).toBe('out-of-memory');
    const granted = await run(growingModule(799));
    expect(granted.peakMemoryBytes).toBe(800 * 65_536);
    expect((await run(growingModule(1), { memoryBytes: 65_536 })).outcome).toBe('out-of-memory');
  });

  it('turns traps and stack overflow into outcomes', async () => {
    expect((await run(trappingModule())).outcome).toBe('trap');
    expect((await run(recursingModule(), { fuel: 1n << 40n })).outcome).toBe('trap');
  });

  it.each<[string, Uint8Array]>([
    ['an output beyond memory', claimingModule(2 * 65_536, 1)],
    ['an output across the end', claimingModule(2 * 65_536 - 1, 2)],
    ['an output over its limit', claimingModule(0, 1025)],
    ['a huge output', claimingModule(0xffff_fff0, 0x7fff_ffff)],
    ['an input pointer beyond memory', pureModule({ run: [0x42, 0], alloc: [0x41, 0x7f] })],
  ])('refuses %s', async (_name, module) => {
    expect((await run(module)).outcome).toBe('abi-violation');
  });

  it('refuses what is no module, and imports that are not granted', async () => {
    expect(await codeOfAsync(run(new Uint8Array(8)))).toBe('SANDBOX_ABI');
    // (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
    const importing = Uint8Array.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 7, 1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f, 2, 37, 1, 22],
      ...Buffer.from('wasi_snapshot_preview1'),
      ...[10, ...Buffer.from('random_get'), 0, 0],
    ]);
    expect(await codeOfAsync(run(importing, {}, 'wasi-p1'))).toBe('SANDBOX_ABI');
    expect(
      await codeOfAsync(
        engine.prepare(importing, { abi: 'wasi-p1', deadlineMs: 5000, capabilities: ['random'] }),
      ),
    ).toBeUndefined();
  });

  it('runs a WASI command on its standard streams, within its output limit', async () => {
    const echoed = await run(echoCommand(), {}, 'wasi-p1');
    expect(echoed.outcome).toBe('ok');
    expect(echoed.output).toEqual(Buffer.from(input));
    const cut = await run(echoCommand(), { outputBytes: input.length - 1 }, 'wasi-p1');
    expect(cut.outcome).toBe('abi-violation');
  });

  it('ends a run that its caller gave up', async () => {
    const prepared = await engine.prepare(endlessModule(), { abi: 'pure', deadlineMs: 5000 });
    const caller = new AbortController();
    const running = engine.run(
      prepared,
      input,
      { ...LIMITS, fuel: 1n << 62n },
      { signal: caller.signal },
    );
    setTimeout(() => caller.abort(), 30);
    expect(await codeOfAsync(running)).toBe('CONNECTION_LOST');
  });

  it('serves honest runs among hundreds of endless ones of another peer', async () => {
    const endless = await engine.prepare(endlessModule(), { abi: 'pure', deadlineMs: 5000 });
    const honest = await engine.prepare(constantModule('1'), { abi: 'pure', deadlineMs: 5000 });
    const hostile = Array.from({ length: 250 }, () =>
      engine.run(endless, input, { ...LIMITS, fuel: 2_000_000n }, { peer: 'mallory' }),
    );
    const order: string[] = [];
    const last = Promise.all(hostile).then(() => order.push('hostile'));
    for (let i = 0; i < 5; i++) {
      expect((await engine.run(honest, input, LIMITS, { peer: 'alice' })).outcome).toBe('ok');
    }
    order.push('honest');
    await last;
    expect(order).toEqual(['honest', 'hostile']);
    expect((await hostile[0])?.outcome).toBe('out-of-fuel');
  });

  it('refuses more waiting work of one peer than its share', async () => {
    const endless = await engine.prepare(endlessModule(), { abi: 'pure', deadlineMs: 5000 });
    const runs = Array.from({ length: 300 }, () =>
      codeOfAsync(engine.run(endless, input, { ...LIMITS, fuel: 1000n }, { peer: 'mallory' })),
    );
    expect(new Set(await Promise.all(runs))).toEqual(new Set([undefined, 'SESSION_LIMIT']));
  });

  it('outlives the death of its process: the run is lost, the next one works', async () => {
    const prepared = await engine.prepare(endlessModule(), { abi: 'pure', deadlineMs: 5000 });
    const running = engine.run(prepared, input, { ...LIMITS, fuel: 1n << 62n });
    const pids = await descendants('nmp-sandbox');
    expect(pids.length).toBeGreaterThan(0);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    expect((await running).outcome).toBe('lost');
    expect((await run(constantModule('2'))).outcome).toBe('ok');
  });

  it('spreads runs that arrive in the same moment over all processes', async () => {
    const before = new Set(await descendants('nmp-sandbox'));
    const both = await createProcessEngine({ program, processes: 2 });
    try {
      const pids = (await descendants('nmp-sandbox')).filter((pid) => !before.has(pid));
      expect(pids).toHaveLength(2);
      const prepared = await both.prepare(endlessModule(), { abi: 'pure', deadlineMs: 20_000 });
      const limits = { ...LIMITS, fuel: 300_000_000n };
      const used = await Promise.all(pids.map(processorTicks));
      const runs = Array.from({ length: 4 }, () => both.run(prepared, input, limits));
      for (const { outcome } of await Promise.all(runs)) expect(outcome).toBe('out-of-fuel');
      const after = await Promise.all(pids.map(processorTicks));
      const [one = 0, other = 0] = after.map((ticks, at) => ticks - (used[at] ?? 0));
      // Two runs each; a compilation alone takes less than a tick.
      expect(Math.min(one, other)).toBeGreaterThan((one + other) / 4);
    } finally {
      await both.stop();
    }
  });

  it('does not start a run that was given up while its module was compiled', async () => {
    const fresh = await createProcessEngine({ program, processes: 1 });
    try {
      const prepared = await fresh.prepare(endlessModule(), { abi: 'pure', deadlineMs: 20_000 });
      const gone = new AbortController();
      const limits = { ...LIMITS, fuel: 1n << 62n };
      const running = codeOfAsync(fresh.run(prepared, input, limits, { signal: gone.signal }));
      gone.abort();
      expect(await running).toBe('CONNECTION_LOST');
    } finally {
      await fresh.stop();
    }
  });

  it('stops a module made to keep the compiler busy, and no run of others with it', async () => {
    const fresh = await createProcessEngine({ program, processes: 1 });
    try {
      const honest = await fresh.prepare(endlessModule(), { abi: 'pure', deadlineMs: 20_000 });
      // Still running when the compiler is given up.
      const limits = { ...LIMITS, fuel: 1n << 62n, deadlineMs: 4_000 };
      const running = fresh.run(honest, input, limits, { peer: 'honest' });
      const bomb = compileBomb();
      expect(bomb.length).toBeLessThan(32_768);
      const trial = { abi: 'pure', deadlineMs: 500, peer: 'hostile' } as const;
      expect(await codeOfAsync(fresh.prepare(bomb, trial))).toBe('SANDBOX_DEADLINE');
      // Its own deadline, not the loss of its process.
      expect((await running).outcome).toBe('deadline');
      const small = await fresh.prepare(constantModule('{"n":1}'), {
        ...trial,
        deadlineMs: 20_000,
      });
      expect((await fresh.run(small, input, LIMITS)).outcome).toBe('ok');
    } finally {
      await fresh.stop();
    }
  });

  it.skipIf(process.platform !== 'linux')(
    'has its system calls filtered in every thread, for good',
    async () => {
      const processes = await descendants('nmp-sandbox');
      expect(processes.length).toBeGreaterThan(0);
      for (const pid of processes) {
        const threads = await readdir(`/proc/${pid}/task`);
        expect(threads.length).toBeGreaterThan(1);
        for (const thread of threads) {
          const status = await readFile(`/proc/${pid}/task/${thread}/status`, 'utf8');
          // proc_pid_status(5): 2 is a filter.
          expect(status).toMatch(/^Seccomp:\t2$/m);
          expect(status).toMatch(/^NoNewPrivs:\t1$/m);
        }
      }
    },
  );

  it('leaves no process behind when it is stopped while one starts for a trial', async () => {
    const before = new Set(await descendants('nmp-sandbox'));
    const fresh = await createProcessEngine({ program, processes: 1 });
    const trial = { abi: 'pure', deadlineMs: 20_000 } as const;
    const preparing = codeOfAsync(fresh.prepare(constantModule('{"n":2}'), trial));
    await fresh.stop();
    expect(await preparing).toBe('SANDBOX_UNAVAILABLE');
    const left = (await descendants('nmp-sandbox')).filter((pid) => !before.has(pid));
    expect(left).toEqual([]);
  });
});

/**
 * 27 kB that Cranelift takes over a minute for: 900 nested loops, which all carry 2,000 locals.
 */
function compileBomb(): Uint8Array {
  const count = 2000;
  const add = (at: number) => [
    ...[...get(2 + at), ...get(2 + ((at + 3) % count))],
    ...[...ADD, ...set(2 + ((at + 1) % count))],
  ];
  let code = Array.from({ length: count }, (_, at) => add(at)).flat();
  for (let depth = 0; depth < 900; depth++) code = loop(code, [...get(2 + depth), ...brIf(0)]);
  return build({
    types: [
      [[I32], [I32]],
      [[I32, I32], [I64]],
    ],
    funcs: [
      { type: 0, code: i32(1024) },
      { type: 1, locals: [[count, I32]], code: [...code, 0x42, 0] },
    ],
    memories: [[0, 2]],
    exports: [
      ['memory', 2, 0],
      ['nmp_alloc', 0, 0],
      ['nmp_run', 0, 1],
    ],
  });
}

/** Processor time that a process has used, in clock ticks: proc_pid_stat(5), utime and stime. */
async function processorTicks(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
