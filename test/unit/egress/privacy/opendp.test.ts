/**
 * Against OpenDP 0.16.0 (test/oracle/discrete_laplace.py): its privacy map and a million draws at
 * each of six scales are kept as vectors; where Python has OpenDP it is asked again
 * (NMP_OPENDP_PYTHON names the interpreter).
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { discreteLaplace } from '../../../../enclave/egress/privacy/discrete-laplace.ts';
import { noiseScale, privatise } from '../../../../enclave/egress/privacy/privatise.ts';
import type { ValueSchema } from '../../../../shared/policy/value-schema.ts';
import { type Counted, chiSquare, count, distance, seeded } from './laws.ts';

interface Mapped {
  readonly sensitivity: number;
  readonly fields: number;
  readonly milliEpsilon: number;
  readonly scale: number;
  readonly epsilonOfField: number;
  readonly epsilon: number;
  readonly calibrated: number;
}

interface Drawn {
  readonly t: number;
  readonly s: number;
  readonly width: number;
  readonly n: number;
  readonly bins: readonly (readonly [number, number])[];
}

const root = join(import.meta.dirname, '..', '..', '..');
const vectors: { readonly map: readonly Mapped[]; readonly draws: readonly Drawn[] } = JSON.parse(
  readFileSync(join(root, 'vectors', 'discrete-laplace.json'), 'utf8'),
);
const oracle = join(root, 'oracle', 'discrete_laplace.py');
const python = process.env.NMP_OPENDP_PYTHON ?? 'python3';

/** One in a million, as standard deviations. */
const RARE = 4.75;
const DRAWS = 100_000;
/** OpenDP gives doubles: it rounds a scale once, and each sum of ε up. */
const ulps = (many: number) => many * 2 ** -52;

function ask<T>(...words: readonly string[]): T {
  const options = { encoding: 'utf8', maxBuffer: 1 << 26 } as const;
  const { status, stdout, stderr } = spawnSync(python, [oracle, ...words], options);
  if (status !== 0) throw new Error(`${python} ${oracle}: ${stderr}`);
  return JSON.parse(stdout);
}

function opendpMissing(): boolean {
  const probe = 'import importlib.metadata as m; print(m.version("opendp"))';
  const { status, stdout } = spawnSync(python, ['-c', probe], { encoding: 'utf8' });
  if (status === 0 && stdout.trim() === '0.16.0') return false;
  process.stderr.write(`skipped: fresh draws of OpenDP, ${python} has no opendp 0.16.0\n`);
  return true;
}

const countedOf = ({ n, bins }: Drawn): Counted => ({ n, bins: new Map(bins) });
const ours = new Map<Drawn, Counted>();
function oursAt(drawn: Drawn): Counted {
  const known = ours.get(drawn);
  if (known !== undefined) return known;
  const { t, s, width } = drawn;
  const random = seeded(t * 8 + s);
  const counted = count(() => discreteLaplace(random, BigInt(t), BigInt(s)), DRAWS, width);
  ours.set(drawn, counted);
  return counted;
}

describe('the privacy map of OpenDP', () => {
  it.each(vectors.map)(
    'is ours: sensitivity $sensitivity, $fields fields, $milliEpsilon thousandths',
    ({ sensitivity, fields, milliEpsilon, scale, epsilonOfField, epsilon, calibrated }) => {
      const [t, s] = noiseScale(BigInt(sensitivity), fields, milliEpsilon);
      expect(Number(t) / Number(s)).toBe(scale);
      // sensitivity / scale of each field, and all fields together what the ledger charges.
      const field = (sensitivity * Number(s)) / Number(t);
      expect(Math.abs(epsilonOfField / field - 1)).toBeLessThanOrEqual(ulps(2));
      const charged = milliEpsilon / 1000;
      expect(Math.abs(epsilon / charged - 1)).toBeLessThanOrEqual(ulps(1 + fields));
      // The scale that OpenDP finds for this ε by bisection.
      expect(Math.abs(calibrated / scale - 1)).toBeLessThanOrEqual(ulps(2));
    },
  );

  it('is ours to the last bit where no double is rounded', () => {
    const exact = vectors.map.filter(
      ({ fields, milliEpsilon }) => fields !== 3 && [125, 500, 1000].includes(milliEpsilon),
    );
    expect(exact.length).toBe(45);
    for (const { fields, milliEpsilon, epsilonOfField, epsilon } of exact) {
      expect(epsilon).toBe(milliEpsilon / 1000);
      expect(epsilonOfField).toBe(milliEpsilon / 1000 / fields);
    }
  });
});

describe('a million draws of OpenDP', () => {
  it.each(vectors.draws)('at scale $t/$s and 100,000 of ours are of one law', (drawn) => {
    const theirs = countedOf(drawn);
    const mine = oursAt(drawn);
    expect(chiSquare(theirs, drawn)).toBeLessThan(RARE);
    expect(chiSquare(mine, drawn)).toBeLessThan(RARE);
    expect(chiSquare(mine, drawn, theirs)).toBeLessThan(RARE);
    expect(distance(mine, theirs)).toBeLessThan(1);
  });

  it.each(vectors.draws)('at scale $t/$s tell a scale 5 % off', (drawn) => {
    const { t, s, width } = drawn;
    const random = seeded(t);
    const off = () => discreteLaplace(random, BigInt(t) * 105n, BigInt(s) * 100n);
    const wrong = count(off, DRAWS, width);
    expect(chiSquare(wrong, drawn)).toBeGreaterThan(RARE);
    expect(chiSquare(wrong, drawn, countedOf(drawn))).toBeGreaterThan(RARE);
  });

  it('is the law of the noise on an answer, two fields at ε = 0.6', () => {
    const field = { type: 'integer', minimum: 0, maximum: 1_000_000 } as const;
    const schema: ValueSchema = {
      type: 'object',
      properties: { a: field, b: field },
      required: ['a', 'b'],
      additionalProperties: false,
    };
    const privacy = { milliEpsilon: 600, milliEpsilonTotal: 600, fields: { a: 1, b: 3 } };
    const random = seeded(600);
    const answer = Buffer.from('{"a":500000,"b":500000}');
    const drawn = Array.from({ length: 40_000 }, () => {
      const noisy = privatise(random, answer, { schema, privacy, installed: true });
      const { a, b }: { a: number; b: number } = JSON.parse(Buffer.from(noisy).toString());
      return { a: BigInt(a - 500_000), b: BigInt(b - 500_000) };
    });
    for (const [name, scale] of [
      ['a', { t: 10, s: 3, width: 1 }],
      ['b', { t: 10, s: 1, width: 1 }],
    ] as const) {
      let at = 0;
      const seen = count(() => drawn[at++]?.[name] ?? 0n, drawn.length, 1);
      expect(chiSquare(seen, scale)).toBeLessThan(RARE);
    }
  });
});

describe.skipIf(opendpMissing())('OpenDP, asked now', () => {
  it('has the privacy map that is kept', () => {
    expect(ask<typeof vectors>('map').map).toEqual(vectors.map);
  });

  it.each(vectors.draws)('draws at scale $t/$s as we do', (drawn) => {
    const { t, s, width } = drawn;
    const fresh = countedOf(ask<Drawn>('draws', ...[t, s, width, DRAWS].map(String)));
    expect(chiSquare(fresh, drawn)).toBeLessThan(RARE);
    expect(chiSquare(oursAt(drawn), drawn, fresh)).toBeLessThan(RARE);
    expect(distance(oursAt(drawn), fresh)).toBeLessThan(1);
  });
});
