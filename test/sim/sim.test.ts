/** A bounded form of `make sim`: honest seeds hold, runs repeat, and planted bugs are found. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FAULTS, type Fault, KEY_FAULTS, PROOF_FAULTS, planOf } from './faults.ts';
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
    readonly starts: Readonly<Record<string, number>>;
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

  /** What failed once, under the faults that found it. */
  it.each([
    ['node-entropy', 'failed entropy had no code'],
    ['client-entropy', 'failed entropy had no code'],
    ['slow-loris', 'a node record that came too late left its stream open'],
    ['drop', 'a node record that came too late left its stream open'],
    ['delay', 'a node record that came too late left its stream open'],
  ])(
    'under %s alone it stays mended: %s',
    (fault) => {
      expect(simulate('--seeds', '20', '--faults', fault).broken).toEqual([]);
    },
    600_000,
  );

  it('reaches what can go wrong with keys and with proofs', () => {
    const under = (known: readonly Fault[], ...not: readonly Fault[]) =>
      simulate('--seeds', '60', '--faults', known.filter((one) => !not.includes(one)).join(','));
    // Those left out end most starts, and most calls, before anything else can.
    const keys = under(KEY_FAULTS, 'kms-denied', 'kms-silent', 'kms-swap-key');
    expect(keys.broken).toEqual([]);
    expect(Object.keys(keys.starts)).toEqual(
      expect.arrayContaining(['up', 'CMS_DECRYPT', 'SEALED_CHUNK']),
    );
    const refusing = under(['kms-denied', 'kms-silent', 'kms-swap-key']);
    expect(refusing.broken).toEqual([]);
    expect(Object.keys(refusing.starts)).toEqual(
      expect.arrayContaining(['up', 'KMS_DENIED', 'KMS_UNREACHABLE']),
    );
    const proofs = under(PROOF_FAULTS, 'prover-diverges', 'disk-full');
    expect(proofs.broken).toEqual([]);
    expect(Object.keys(proofs.ends)).toEqual(
      expect.arrayContaining(['answer with receipt', 'RECEIPT_PROVER', 'RECEIPT_SEAL']),
    );
    expect(proofs.starts.RECEIPT_SPOOL).toBeGreaterThan(0);
    const refused = under(['prover-diverges', 'disk-full']);
    expect(refused.broken).toEqual([]);
    expect(Object.keys(refused.ends)).toEqual(
      expect.arrayContaining(['RECEIPT_DIVERGED', 'RECEIPT_SPOOL']),
    );
  }, 600_000);
});
