/** How the verdict on a module, not cached, grows with the module's size. */
import { loadAuthority } from '../../../enclave/guardian/authority.ts';
import { createGuardian } from '../../../enclave/guardian/create-guardian.ts';
import { DEFAULT_POLICY } from '../../../enclave/guardian/policy.ts';
import type { Curve } from '../row.ts';
import { small } from './small-module.ts';

const ROUNDS = 15;
const SCALES = [1, 2, 4, 8, 16, 32];

export async function growth(): Promise<Curve> {
  const authority = loadAuthority();
  const judge = (wasm: Uint8Array) => {
    const started = performance.now();
    const verdict = createGuardian({ authority }, { policy: DEFAULT_POLICY }).judge(wasm, {
      capabilities: [],
    });
    if (verdict.reasons.length > 0) throw new Error('a plain module was refused');
    return performance.now() - started;
  };
  const points = SCALES.map((scale) => {
    const wasm = small(scale);
    for (let round = 0; round < ROUNDS; round++) judge(wasm);
    const times = Array.from({ length: ROUNDS }, () => judge(wasm)).sort((a, b) => a - b);
    return [Math.round(wasm.length / 1000), times[ROUNDS >> 1] ?? Number.NaN] as const;
  });
  return {
    area: 'guardian',
    id: 'module-size',
    title: 'Verdict on a module, not cached',
    x: 'module, kB',
    y: 'ms',
    points,
  };
}
