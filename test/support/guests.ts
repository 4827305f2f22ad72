/** Guests compiled from the sources beside, where the machine has their compilers. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

const sources = join(import.meta.dirname, 'guests');
const WASI_LIBC = '/usr/lib/wasm32-wasi';

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
  existsSync(join(WASI_LIBC, 'libc.a'))
    ? compile('clang', (out) => ['--target=wasm32-wasi', '-Oz', '-s', '-o', out, file])
    : undefined;

/**
 * A command of Rust's wasm32-wasip1, whose standard library is built from source: the toolchain is
 * that of native/zk/build.sh, the C library beneath is Debian's. Undefined without them, or unless
 * NMP_RUST_GUEST is set: it takes half a minute.
 */
export function rustCommand(): Uint8Array | undefined {
  const cache = process.env.NMP_CACHE ?? join(homedir(), '.cache/nmp-enclave');
  const toolchain = join(cache, 'zk-toolchain');
  const there = [toolchain, join(WASI_LIBC, 'libc.a')].every((path) => existsSync(path));
  if (!there || process.env.NMP_RUST_GUEST === undefined) return undefined;
  const target = join(cache, 'rust-guest-target');
  const { status, stderr } = spawnSync(
    join(toolchain, 'bin/cargo'),
    [
      ...['build', '--locked', '--release', '--target', 'wasm32-wasip1'],
      '-Zbuild-std=std,panic_abort',
    ],
    {
      cwd: join(sources, 'rust'),
      encoding: 'utf8',
      env: {
        ...process.env,
        RUSTC: join(toolchain, 'bin/rustc'),
        CARGO_TARGET_DIR: target,
        CARGO_TARGET_WASM32_WASIP1_LINKER: join(
          toolchain,
          'lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld',
        ),
        CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS: [
          ...['-Clink-self-contained=no', '-Ctarget-feature=-crt-static', `-L${WASI_LIBC}`],
          ...[`-Clink-arg=${join(WASI_LIBC, 'crt1-command.o')}`, '-Clink-arg=-lc'],
        ].join(' '),
      },
    },
  );
  if (status !== 0) throw new Error(`cargo: ${stderr}`);
  return Uint8Array.from(readFileSync(join(target, 'wasm32-wasip1/release/rows.wasm')));
}
