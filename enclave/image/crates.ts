/** The crates inside what this project builds, as components of a bill of materials. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { NmpError } from '../../shared/errors.ts';
import { PROVER_FILE } from './preflight.ts';
import type { Component } from './sbom.ts';

/** Packages that are built from one Cargo.lock for one target. */
interface Locked {
  readonly folder: string;
  readonly target: string;
  readonly packages: readonly string[];
  /** What native/zk/build.sh fetches and patches before cargo can read the workspace. */
  readonly sources?: 'prover-sources' | 'guest-sources';
}

const HOST = 'x86_64-unknown-linux-gnu';
const ZKVM = 'riscv32im-risc0-zkvm-elf';
/** Beside every translated module: part of the translator, so of prover and verifier. */
const RUNTIME: Locked = {
  folder: 'native/zk/runtime',
  target: ZKVM,
  packages: ['nmp-zk-runtime'],
};

export type Built = 'native' | 'verifier' | 'prover';

const BUILT: Readonly<Record<Built, readonly Locked[]>> = {
  native: [
    {
      folder: 'native',
      target: HOST,
      packages: ['nmp-agent', 'nmp-guard', 'nmp-sandbox', 'nmp-scan'],
    },
  ],
  verifier: [
    {
      folder: 'native/zk/verifier',
      target: 'wasm32-unknown-unknown',
      packages: ['nmp-zk-verifier'],
    },
    RUNTIME,
  ],
  prover: [
    { folder: 'native/zk', target: HOST, packages: ['nmp-zk-prover'], sources: 'prover-sources' },
    {
      folder: 'native/zk/guest',
      target: ZKVM,
      packages: ['nmp-zk-guest'],
      sources: 'guest-sources',
    },
    RUNTIME,
  ],
};

/** What of ours is among these files of an image. */
export function builtInto(files: readonly { readonly path: string }[]): Built[] {
  const has = (wanted: string) => files.some(({ path }) => path === wanted);
  return [
    'native',
    ...(has(PROVER_FILE) ? ['prover' as const] : []),
    ...(has('app/receipt-verifier.wasm') ? ['verifier' as const] : []),
  ];
}

/** Checksums by `name version`, from Cargo.lock. */
function checksums(lock: string): ReadonlyMap<string, string> {
  const all = new Map<string, string>();
  for (const block of lock.split('[[package]]')) {
    const field = (name: string) => new RegExp(`^${name} = "([^"]+)"$`, 'm').exec(block)?.[1];
    const checksum = field('checksum');
    if (checksum !== undefined) all.set(`${field('name')} ${field('version')}`, checksum);
  }
  return all;
}

/**
 * A line of cargo tree: `name vVERSION (FOLDER)|LICENCE`, the folder only of what comes from one.
 * What lies in a folder and is not named as ours is published code that was changed or replaced.
 */
function component(line: string, root: string, known: ReadonlyMap<string, string>) {
  const [, name, version, folder, license] =
    /^(\S+) v(\S+)(?: \((\/[^)]*)\))?\|(.*?)(?: \(\*\))?$/.exec(line) ?? [];
  if (name === undefined || version === undefined) return undefined;
  const sha256 = known.get(`${name} ${version}`);
  const notes = folder?.includes('/.patched/')
    ? `changed by native/zk/patches/${name}-${version}.patch`
    : `replaced by ${relative(root, folder ?? '')}`;
  return {
    type: 'library',
    name,
    version,
    purl: `pkg:cargo/${name}@${version}`,
    ...(sha256 && { hashes: [{ alg: 'SHA-256', content: sha256 }] }),
    // Older crates write a slash where SPDX has OR.
    ...(license && { licenses: [{ expression: license.replaceAll('/', ' OR ') }] }),
    ...(folder !== undefined && !name.startsWith('nmp-') && { pedigree: { notes } }),
  } satisfies Component;
}

function cratesOf(root: string, { folder, target, packages, sources }: Locked): Component[] {
  if (sources !== undefined) {
    execFileSync('bash', [join(root, 'native', 'zk', 'build.sh'), sources], { stdio: 'ignore' });
  }
  const tree = execFileSync(
    'cargo',
    [
      ...['tree', '--locked', '--manifest-path', join(root, folder, 'Cargo.toml')],
      ...['--target', target, '--edges', 'normal,no-proc-macro'],
      ...['--prefix', 'none', '--format', '{p}|{l}', ...packages.flatMap((name) => ['-p', name])],
    ],
    { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const known = checksums(readFileSync(join(root, folder, 'Cargo.lock'), 'utf8'));
  return tree
    .split('\n')
    .map((line) => component(line, root, known))
    .filter((one) => one !== undefined);
}

/**
 * Crates that are compiled in, not those that only build. One that is both as published and changed
 * is listed as changed.
 * @throws NmpError IMAGE_INPUT
 */
export function crateComponents(root: string, built: readonly Built[]): Component[] {
  const found = new Map<string, Component>();
  for (const locked of new Set(built.flatMap((one) => BUILT[one]))) {
    let crates: readonly Component[];
    try {
      crates = cratesOf(root, locked);
    } catch (cause) {
      throw new NmpError('IMAGE_INPUT', `cargo cannot list the crates of ${locked.folder}.`, {
        cause,
      });
    }
    for (const crate of crates) {
      if (found.get(crate.purl)?.pedigree === undefined) found.set(crate.purl, crate);
    }
  }
  return [...found.values()];
}
