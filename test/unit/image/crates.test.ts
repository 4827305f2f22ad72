import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Built, builtInto, crateComponents } from '../../../enclave/image/crates.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const listed = (built: readonly Built[]) =>
  new Map(crateComponents(root, built).map((one) => [one.name, one]));

describe('what of ours an image has', () => {
  const files = (...paths: string[]) => builtInto(paths.map((path) => ({ path })));

  it('is told by its files', () => {
    expect(files('init')).toEqual(['native']);
    expect(files('init', 'app/native/nmp-zk-prover')).toEqual(['native', 'prover']);
    expect(files('app/receipt-verifier.wasm')).toEqual(['native', 'verifier']);
  });
});

describe('the crates of a build', () => {
  it('have licence and checksum, but ours, which have no checksum', () => {
    const crates = listed(['native', 'verifier']);
    expect(crates.get('wasmtime')?.hashes).toHaveLength(1);
    expect(crates.get('risc0-zkvm')).toMatchObject({
      licenses: [{ expression: expect.stringContaining('Apache-2.0') }],
      hashes: [{ alg: 'SHA-256', content: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    });
    for (const [name, { hashes, licenses, pedigree }] of crates) {
      expect(licenses?.[0]?.expression, name).not.toMatch(/^$|\//);
      expect(hashes === undefined, name).toBe(name.startsWith('nmp-'));
      expect(pedigree, name).toBeUndefined();
    }
  });

  it('are those that are compiled in: no macros of the compiler, no tools of tests', () => {
    const crates = listed(['native', 'verifier']);
    for (const name of ['syn', 'serde_derive', 'napi-build', 'wasm-smith']) {
      expect(crates.has(name), name).toBe(false);
    }
  });

  it('belong to what is built: an image without the prover does not name its crates', () => {
    expect(listed(['native']).has('risc0-zkvm')).toBe(false);
  });
});

describe.runIf(process.env.NMP_ZK_PROVE === '1')('the crates of the prover', () => {
  it('are listed, and which of them are not as published, by what changed them', () => {
    const crates = crateComponents(root, ['native', 'verifier', 'prover']);
    const changed = crates.filter(({ pedigree }) => pedigree !== undefined);
    expect(changed.map(({ name }) => name).sort()).toEqual([
      'risc0-circuit-keccak-sys',
      'risc0-circuit-recursion-sys',
      'risc0-circuit-rv32im',
      'risc0-zkp',
      'wasmi_core',
    ]);
    for (const { name, pedigree } of changed) {
      const path = /^(?:changed|replaced) by (native\/zk\/\S+)$/.exec(pedigree?.notes ?? '')?.[1];
      expect(path !== undefined && existsSync(join(root, path)), name).toBe(true);
    }
    expect(crates.map(({ name }) => name)).toEqual(expect.arrayContaining(['malachite', 'wasmi']));
  });
});
