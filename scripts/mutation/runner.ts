/**
 * Runs each test as vitest does and then, while all that it needs is still there, once more for each
 * mutant that it met and that no test has noticed yet.
 */
import { type RunnerTestCase, TestRunner } from 'vitest';
import { type Plan, readPlan, tell } from './plan.ts';

interface Watch {
  active: number;
  /** Numbers asked for since it was emptied, while none is active. */
  met: Set<number>;
  calls: number;
  callsMax: number;
}

/** Beyond what the test asks without a mutant: a loop without end, most likely. */
const CALLS_FACTOR = 50;
const CALLS_SPARE = 200_000;
/** The same for all tests of a worker together. */
const CALLS_APART_MAX = 500_000_000;
const TIME_FACTOR = 20;
const TIME_SPARE_MS = 3_000;
const WAIT_FACTOR = 10;

function install(plan: Plan): Watch {
  const watch: Watch = {
    active: plan.active,
    met: new Set(),
    calls: 0,
    callsMax: plan.active === 0 ? Number.POSITIVE_INFINITY : CALLS_APART_MAX,
  };
  const ask = (id: number): boolean => {
    watch.calls++;
    if (watch.calls > watch.callsMax) throw new Error('a mutant that does not end');
    if (watch.active === 0) watch.met.add(id);
    return watch.active === id;
  };
  Reflect.set(globalThis, '__nmpMutant', ask);
  return watch;
}

const plan = readPlan();
const watch = install(plan);
const alive = new Set(plan.wanted);

function within(run: () => unknown, ms: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('too late')), ms);
  });
  // A test that throws at once is a promise that fails, too.
  return Promise.race([(async () => run())(), late]).finally(() => clearTimeout(timer));
}

// biome-ignore lint/style/noDefaultExport: vitest takes a runner by its default export.
export default class MutantRunner extends TestRunner {
  #since = performance.now();

  #outside(): void {
    if (watch.met.size > 0) tell(plan, { type: 'outside', ids: [...watch.met] });
    watch.met = new Set();
  }

  async runTask(test: RunnerTestCase): Promise<void> {
    const fn = TestRunner.getTestFn(test);
    if (plan.active !== 0) {
      await fn();
      return;
    }
    this.#outside();
    const began = performance.now();
    const used = process.cpuUsage();
    watch.calls = 0;
    await fn();
    const ms = performance.now() - began;
    const { user, system } = process.cpuUsage(used);
    const calls = watch.calls;
    const met = [...watch.met].filter((id) => alive.has(id));
    watch.met = new Set();
    if (met.length === 0) return;
    tell(plan, { type: 'met', ids: met, test: test.fullName, ms });
    // On a busy machine time says little of what a test costs.
    if ((user + system) / 1_000 > plan.repeatMs || ms > WAIT_FACTOR * plan.repeatMs) {
      tell(plan, { type: 'left', ids: met, why: 'slow' });
      return;
    }
    if (!(await this.#again(test, ms, 0, Number.POSITIVE_INFINITY))) {
      tell(plan, { type: 'left', ids: met, why: 'once' });
      watch.met = new Set();
      return;
    }
    // What a cache has taken the place of is not met again.
    const once = met.filter((id) => !watch.met.has(id));
    if (once.length > 0) tell(plan, { type: 'left', ids: once, why: 'once' });
    for (const id of met) {
      tell(plan, { type: 'trying', id });
      if (await this.#again(test, ms, id, CALLS_FACTOR * calls + CALLS_SPARE)) continue;
      if (!(await this.#again(test, ms, 0, Number.POSITIVE_INFINITY))) {
        tell(plan, { type: 'spoilt', id });
        process.kill(process.pid, 'SIGKILL');
      }
      alive.delete(id);
      tell(plan, { type: 'killed', id, test: test.fullName, how: 'failed' });
    }
    watch.met = new Set();
  }

  /** True if the test passes with this mutant active. */
  async #again(test: RunnerTestCase, ms: number, id: number, callsMax: number): Promise<boolean> {
    this.onBeforeTryTask(test, { retry: 0, repeats: 0 });
    watch.calls = 0;
    watch.callsMax = callsMax;
    watch.active = id;
    try {
      await within(TestRunner.getTestFn(test), TIME_FACTOR * ms + TIME_SPARE_MS);
      watch.active = 0;
      this.onAfterTryTask(test);
      return true;
    } catch {
      return false;
    } finally {
      watch.active = 0;
      watch.callsMax = Number.POSITIVE_INFINITY;
    }
  }

  override onAfterRunFiles(files: Parameters<TestRunner['onAfterRunFiles']>[0]): void {
    this.#outside();
    const now = performance.now();
    const ms = now - this.#since;
    this.#since = now;
    for (const file of files) tell(plan, { type: 'file', file: file.filepath, ms });
    super.onAfterRunFiles(files);
  }
}
