/** Guests compiled from the sources beside, where the machine has their compilers. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const sources = join(import.meta.dirname, 'guests');

function compile(
  program: string,
  args: (out: string) => readonly string[],
  env: Readonly<Record<string, string>> = {},
): Uint8Array | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'nmp-guest-'));
  try {
    const out = join(folder, 'guest.wasm');
    const { status, error, stderr } = spawnSync(program, args(out), {
      cwd: sources,
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
    if (error !== undefined) return undefined;
    if (status !== 0) throw new Error(`${program}: ${stderr}`);
    return Uint8Array.from(readFileSync(out));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A command of Go's port to wasip1; undefined without Go. */
export const goCommand = (file: string) =>
  compile('go', (out) => ['build', '-trimpath', '-ldflags=-s', '-o', out, file], {
    GOOS: 'wasip1',
    GOARCH: 'wasm',
    GOFLAGS: '',
  });

/** A command of clang and Debian's wasi-libc; undefined without them. */
export const cCommand = (file: string) =>
  existsSync('/usr/lib/wasm32-wasi/libc.a')
    ? compile('clang', (out) => ['--target=wasm32-wasi', '-Oz', '-s', '-o', out, file])
    : undefined;
