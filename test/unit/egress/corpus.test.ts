/** Goals of detection on a seed; a larger form with another seed by NMP_EGRESS_SEED and _SCALE. */
import { describe, expect, it } from 'vitest';
import { loadScanner } from '../../../enclave/egress/scanner.ts';
import { BENIGN } from '../../egress-corpus/benign.ts';
import { corpus, type Tier } from '../../egress-corpus/generate.ts';

const seed = Number(process.env.NMP_EGRESS_SEED ?? 20_261_123);
const scale = Number(process.env.NMP_EGRESS_SCALE ?? 0.25);

/** Least share of attacks found, and most of harmless outputs, by tier. */
const GOALS: Readonly<Record<Tier, number>> = {
  plain: 0.99,
  one: 0.99,
  chain: 0.97,
  disguised: 0.92,
  copy: 0.98,
  benign: 0.002,
  figure: 0.002,
};

describe('the scanner on generated outputs', () => {
  const { samples, table } = corpus(seed, scale);
  const scanner = loadScanner();
  const cells = table.flatMap((row, at) =>
    Object.values(row).map((cell) => [String(cell), at] as const),
  );
  const index = scanner.indexCells(
    cells.map(([cell]) => cell),
    Uint32Array.from(cells, ([, at]) => at),
  );
  const blocked = samples.map(({ body }) => {
    const { findings, undecodable } = scanner.scan(body, [], [index]);
    return undecodable || findings.length > 0;
  });

  it.each(Object.entries(GOALS))('%s: %d', (tier, goal) => {
    const own = samples.flatMap((sample, at) => (sample.tier === tier ? [at] : []));
    const share = own.filter((at) => blocked[at]).length / own.length;
    expect(own.length).toBeGreaterThan(20);
    if (tier === 'benign' || tier === 'figure') expect(share).toBeLessThanOrEqual(goal);
    else expect(share).toBeGreaterThanOrEqual(goal);
  });

  it('has more than forty classes of harmless outputs, and is the same for the same seed', () => {
    expect(Object.keys(BENIGN).length).toBeGreaterThanOrEqual(40);
    const again = corpus(seed, 0.05).samples.map(({ body }) => body.toString('base64'));
    expect(corpus(seed, 0.05).samples.map(({ body }) => body.toString('base64'))).toEqual(again);
  });
});
