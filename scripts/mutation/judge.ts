/** Runs tests with mutants built in, and says of each mutant what came of it. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createApartRuns } from './apart.ts';
import type { Numbered } from './instrument.ts';
import { type Line, PLAN_VARIABLE, type Plan } from './plan.ts';

const ROOT = resolve(import.meta.dirname, '..', '..');
const CONFIG = join('scripts', 'mutation', 'vitest.config.ts');
const LOOK_MS = 500;
/** A number that no mutant has. */
const NOBODY = -1;
/** Nothing was written for so long: what is tried does not end. */
const STALLED_MS = 240_000;

export interface Fate {
  readonly killed: boolean;
  /** By which test, or why it lives. */
  readonly how: string;
}

export interface Judge {
  /** Tries each mutant on each test that meets it; what only loading meets is tried afterwards. */
  judge(ids: readonly number[], tests: readonly string[], repeatMs: number): Promise<void>;
  /** In a run of its own each, active from the start on. */
  judgeApart(id: number, tests: readonly string[]): Promise<void>;
  fateOf(id: number): Fate;
  /** True if a run of its own is needed to know. */
  unsettled(id: number): boolean;
  /** Met by a test that was too slow to repeat. */
  slowed(id: number): boolean;
  remove(): void;
}

/** @throws Error if the tests fail without any mutant */
export function createJudge(files: Readonly<Record<string, readonly Numbered[]>>): Judge {
  const folder = mkdtempSync(join(tmpdir(), 'nmp-mutants-'));
  const killed = new Map<number, string>();
  const met = new Set<number>();
  const outside = new Set<number>();
  const settled = new Set<number>();
  /** Of each file of tests, with what was tried in it, ms. */
  const took = new Map<string, number>();
  const slow = new Set<number>();
  const texts = Object.values(files).flat();
  for (const { id, mutant } of texts) if (mutant.whole === undefined) outside.add(id);
  let soundApart = false;
  let running: number | undefined;
  const kill = () => {
    try {
      if (running !== undefined) process.kill(-running, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  };

  process.env[PLAN_VARIABLE] = join(folder, 'plan.json');
  const write = (plan: Plan) => {
    writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan));
    writeFileSync(plan.log, '');
  };
  const apart = createApartRuns(join(ROOT, CONFIG), ROOT);

  const vitest = async (plan: Plan, tests: readonly string[], bail: boolean) => {
    write(plan);
    const program = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
    const options = ['--config', CONFIG, ...(bail ? ['--bail', '1'] : [])];
    const child = spawn(process.execPath, [program, 'run', ...tests, ...options], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: an endless loop in a worker outlives the signal to its parent.
      detached: true,
    });
    running = child.pid;
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4000);
      });
    }
    let size = -1;
    let since = Date.now();
    let stalled = false;
    const timer = setInterval(() => {
      const now = readFileSync(plan.log).length;
      if (now !== size) [size, since] = [now, Date.now()];
      else if (Date.now() - since > STALLED_MS) {
        stalled = true;
        kill();
      }
    }, LOOK_MS);
    const code = await new Promise<number | null>((done) => child.once('close', done));
    clearInterval(timer);
    kill();
    running = undefined;
    const lines: Line[] = readFileSync(plan.log, 'utf8')
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line));
    return { code, lines, stalled, said };
  };

  const take = (line: Line): void => {
    switch (line.type) {
      case 'outside':
        for (const id of line.ids) outside.add(id);
        break;
      case 'met':
        for (const id of line.ids) met.add(id);
        break;
      case 'left':
        for (const id of line.ids) (line.why === 'slow' ? slow : outside).add(id);
        break;
      case 'killed':
        killed.set(line.id, line.test);
        break;
      case 'spoilt':
        outside.add(line.id);
        break;
      default:
    }
  };

  const plan = (part: Pick<Plan, 'wanted' | 'active' | 'repeatMs' | 'tests'>): Plan => ({
    ...part,
    root: ROOT,
    files,
    log: join(folder, 'log.jsonl'),
  });

  return {
    async judge(ids, tests, repeatMs) {
      const done = new Set<string>();
      for (;;) {
        const wanted = ids.filter((id) => !killed.has(id) && !settled.has(id));
        const left = tests.filter((test) => !done.has(test));
        if (left.length === 0 || wanted.length === 0) return;
        const { code, lines, stalled, said } = await vitest(
          plan({ wanted, active: 0, repeatMs, tests: left }),
          left,
          false,
        );
        for (const line of lines) {
          take(line);
          if (line.type !== 'file') continue;
          const file = line.file.slice(ROOT.length + 1);
          done.add(file);
          if (!took.has(file)) took.set(file, line.ms);
        }
        if (code === 0) return;
        const last = lines.at(-1);
        if (stalled && last?.type === 'trying') killed.set(last.id, 'does not end');
        else if (last?.type === 'spoilt') settled.add(last.id);
        else throw new Error(`the tests fail without any mutant:\n${said}`);
      }
    },
    async judgeApart(id, tests) {
      settled.add(id);
      const quickFirst = tests.toSorted((a, b) => (took.get(a) ?? 0) - (took.get(b) ?? 0));
      const active = plan({ wanted: [id], active: id, repeatMs: 0, tests: quickFirst });
      if (texts.find((one) => one.id === id)?.mutant.whole === undefined) {
        // Its text differs, so nothing that is kept of other texts may be used.
        const { code, stalled } = await vitest(active, quickFirst, true);
        if (code !== 0) killed.set(id, stalled ? 'does not end' : 'in a run of its own');
        return;
      }
      if (!soundApart) {
        write({ ...active, active: NOBODY });
        if ((await apart.passes(tests)) !== true)
          throw new Error('runs apart fail without a mutant');
        soundApart = true;
      }
      write(active);
      const passed = await apart.passes(quickFirst);
      if (passed !== true) {
        killed.set(id, passed === undefined ? 'does not end' : 'in a run of its own');
      }
    },
    fateOf(id) {
      const by = killed.get(id);
      if (by !== undefined) return { killed: true, how: by };
      if (settled.has(id)) return { killed: false, how: 'a run of its own passes' };
      return {
        killed: false,
        how: met.has(id) ? 'every test that meets it passes' : 'no test meets it',
      };
    },
    unsettled: (id) => !killed.has(id) && !settled.has(id) && outside.has(id),
    slowed: (id) => !killed.has(id) && slow.has(id),
    remove() {
      kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
