/** Measured fuel against claimed fuel, for loops of many forms. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createGuardian } from '../../../enclave/guardian/create-guardian.ts';
import { DEFAULT_POLICY } from '../../../enclave/guardian/policy.ts';
import { COMPARE, tripCount } from '../../../enclave/guardian/trip-count.ts';
import type { SandboxEngine } from '../../../enclave/sandbox/engine.ts';
import { createProcessEngine } from '../../../enclave/sandbox/process-engine.ts';
import { authority } from './authority.ts';
import { ADD, block, br, brIf, get, I32, i32, loop, pure, SUB, set, tee, when } from './build.ts';

let engine: SandboxEngine;
beforeAll(async () => {
  const program = join(import.meta.dirname, '..', '..', '..', 'build', 'native', 'nmp-sandbox');
  engine = await createProcessEngine({ program, processes: 1 });
});
afterAll(() => engine.stop());

const guardian = createGuardian({ authority }, { policy: DEFAULT_POLICY });
const LIMITS = {
  fuel: 3_000_000n,
  memoryBytes: 800 * 65_536,
  deadlineMs: 20_000,
  outputBytes: 1024,
};

async function measure(wasm: Uint8Array) {
  const verdict = guardian.judge(wasm, { entry: 'nmp_run', capabilities: [] });
  expect(verdict.reasons).toEqual([]);
  const prepared = await engine.prepare(wasm, { abi: 'pure', deadlineMs: 20_000 });
  const { outcome, fuelUsed } = await engine.run(prepared, new Uint8Array(8), LIMITS);
  const { total } = verdict.facts.cost as { total: string | null };
  return { bound: total === null ? undefined : BigInt(total), outcome, fuelUsed };
}

it('is exact for straight-line code', async () => {
  const { bound, outcome, fuelUsed } = await measure(pure([...i32(1), ...i32(2), ...ADD, 0x1a]));
  expect(outcome).toBe('ok');
  expect(bound).toBe(fuelUsed + 1n);
});

/** xorshift32 with a fixed seed: the same loops every time. */
function* numbers(): Generator<number, never> {
  let state = 0x1234_5678;
  for (;;) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state >>> 0;
  }
}

it('bounds 400 random loops, nested or not', async () => {
  const source = numbers();
  const pick = (below: number) => source.next().value % below;
  const OPS = [0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f];
  /** A loop over `local` around `inner`; locals 0 and 1 are nmp_run's parameters. */
  const one = (local: number, inner: number[]): number[] => {
    const start = pick(4) === 0 ? [] : [...i32(pick(60) - 20), ...set(local)];
    const by = pick(9) - 4;
    const limit = i32(pick(120) - 20);
    const op = [OPS[pick(OPS.length)] as number];
    const add = pick(2) === 0 ? [...i32(by), ...ADD] : [...i32(-by), ...SUB];
    const stepped = [...get(local), ...add];
    const forms = [
      () => loop(inner, stepped, tee(local), limit, op, brIf(0)),
      () => loop(inner, stepped, set(local), get(local), limit, op, brIf(0)),
      () => block(loop(get(local), limit, op, brIf(1), inner, stepped, set(local), br(0))),
      () => loop(get(local), limit, op, when(inner, stepped, set(local), br(1))),
      () => loop(inner, stepped, tee(local), brIf(0)),
      () => loop(stepped, set(local), inner, get(local), limit, op, [0x45], brIf(0)),
      // The step may be skipped, or the comparison jumped over: nothing may be claimed wrongly.
      () => loop(get(1), when(stepped, set(local)), inner, get(local), limit, op, brIf(0)),
      () =>
        block(
          loop(
            block(get(1), brIf(0), get(local), limit, op, brIf(2)),
            stepped,
            set(local),
            inner,
            br(0),
          ),
        ),
    ];
    return [...start, ...(forms[pick(forms.length)] as () => number[])()];
  };
  let bounded = 0;
  let tight = 0;
  for (let round = 0; round < 400; round++) {
    const innermost = pick(3) === 0 ? one(4, []) : [];
    const code = one(2, pick(2) === 0 ? one(3, innermost) : innermost);
    const { bound, outcome, fuelUsed } = await measure(pure(code, {}, [[3, I32]]));
    if (bound === undefined) continue;
    bounded++;
    expect(fuelUsed, `round ${round}`).toBeLessThanOrEqual(bound);
    if (outcome === 'ok' && bound < fuelUsed + 64n) tight++;
  }
  expect(bounded).toBeGreaterThan(60);
  expect(tight).toBeGreaterThan(15);
});

it('counts rounds as a machine does', () => {
  const source = numbers();
  const pick = (below: number) => source.next().value % below;
  const compare: Readonly<Record<number, (a: number, b: number) => boolean>> = {
    [COMPARE.eq]: (a, b) => a === b,
    [COMPARE.ne]: (a, b) => a !== b,
    [COMPARE.ltS]: (a, b) => a < b,
    [COMPARE.ltU]: (a, b) => a >>> 0 < b >>> 0,
    [COMPARE.gtS]: (a, b) => a > b,
    [COMPARE.gtU]: (a, b) => a >>> 0 > b >>> 0,
    [COMPARE.leS]: (a, b) => a <= b,
    [COMPARE.leU]: (a, b) => a >>> 0 <= b >>> 0,
    [COMPARE.geS]: (a, b) => a >= b,
    [COMPARE.geU]: (a, b) => a >>> 0 >= b >>> 0,
  };
  const edges = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 31 - 5, -(2 ** 31) + 5, 100, -100];
  const number = () => (edges[pick(edges.length)] as number) + pick(7) - 3;
  const ops = Object.keys(compare).map(Number);
  let claims = 0;
  for (let round = 0; round < 20_000; round++) {
    const op = ops[pick(ops.length)] as number;
    const limit = number() | 0;
    const step = pick(41) - 20;
    const first = number() | 0;
    const holds = compare[op] as (a: number, b: number) => boolean;
    let rounds = 1;
    for (let at = first; holds(at, limit) && rounds < 3000; at = (at + step) | 0) rounds++;
    for (const claim of [
      tripCount(op, limit, step, first),
      tripCount(op, limit, step, undefined),
    ]) {
      if (claim < 0) continue;
      claims++;
      expect(claim, `${op} ${limit} ${step} ${first}`).toBeGreaterThanOrEqual(rounds);
    }
  }
  expect(claims).toBeGreaterThan(10_000);
});
