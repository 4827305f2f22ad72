/** A bounded form of `make sim`: honest seeds hold, runs repeat, and planted bugs are found. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FAULTS, planOf } from './faults.ts';
import { PLANT_NAMES } from './plants.ts';

const SEEDS = Number(process.env.NMP_SIM_SEEDS ?? 100);
const ROOT = join(import.meta.dirname, '..', '..');

function simulate(...args: string[]) {
  const node = join(ROOT, 'node_modules/.bin/node');
  const options = { cwd: ROOT, encoding: 'utf8', timeout: 600_000 } as const;
  const { stdout, stderr } = spawnSync(node, ['test/sim/main.ts', '--json', ...args], options);
  if (stdout === '') throw new Error(stderr);
  const summary: {
    readonly broken: readonly { readonly seed: number; readonly violations: readonly string[] }[];
    readonly ends: Readonly<Record<string, number>>;
    readonly digest: string;
  } = JSON.parse(stdout);
  return summary;
}

describe('the simulation', () => {
  it(`breaks no invariant in ${SEEDS} seeds, and repeats to the byte`, () => {
    const once = simulate('--seeds', String(SEEDS));
    expect(once.broken).toEqual([]);
    expect(once.ends.answer).toBeGreaterThan(SEEDS);
    const [a, b] = [0, 1].map(() => simulate('--seeds', '20', '--first', '7').digest);
    expect(a).toBe(b);
  }, 600_000);

  it.each(PLANT_NAMES)(
    'finds the planted bug %s within 200 seeds',
    (name) => {
      const { broken } = simulate('--seeds', '200', '--plant', name);
      expect(broken.length).toBeGreaterThan(0);
    },
    600_000,
  );

  it('meets every fault, alone and in pairs, in 2,000 seeds', () => {
    const plans = Array.from({ length: 2_000 }, (_, seed) => planOf(seed + 1).faults);
    for (const fault of FAULTS) {
      expect(plans.some(([only, ...more]) => only === fault && more.length === 0)).toBe(true);
      expect(plans.some((faults) => faults.length === 2 && faults.includes(fault))).toBe(true);
    }
    expect(plans.some((faults) => faults.length === 0)).toBe(true);
  });

  /** What failed once: seed and what it was. */
  it.each([
    [8, 'failed entropy had no code'],
    [147, 'a node record that came too late left its stream open'],
    [166, 'a node record that came too late left its stream open'],
  ])('seed %i stays mended: %s', (seed) => {
    expect(simulate('--seeds', '1', '--first', String(seed)).broken).toEqual([]);
  });
});
