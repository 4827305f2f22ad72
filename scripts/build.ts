/** Builds TypeScript (dist/) and the native parts (build/native/). Usage: node scripts/build.ts [ts|native] */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const cache = process.env.NMP_CACHE ?? join(homedir(), '.cache', 'nmp-enclave');

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): void {
  const started = Date.now();
  process.stderr.write(`· ${command} ${args.join(' ')}\n`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env });
  if (error !== undefined || status !== 0) {
    const missing = error !== undefined && 'code' in error && error.code === 'ENOENT';
    const remedy = missing
      ? `${command} is not installed: install Rust 1.95 with rustup (cargo) and run make build again`
      : `${command} failed`;
    process.stderr.write(`${remedy}\n`);
    process.exit(1);
  }
  process.stderr.write(`  done in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

/** Cargo's output stays outside the repository, so that fresh clones share it. */
function buildNative(): void {
  const target = process.env.CARGO_TARGET_DIR ?? join(cache, 'cargo-target');
  const env = { ...process.env, CARGO_TARGET_DIR: target };
  const packages = ['nmp-guard', 'nmp-scan', 'nmp-sandbox'].flatMap((name) => ['-p', name]);
  const manifest = ['--manifest-path', 'native/Cargo.toml'];
  run('cargo', ['build', '--release', '--locked', ...manifest, ...packages], env);
  const out = join(root, 'build', 'native');
  mkdirSync(out, { recursive: true });
  const products = [
    ['libnmp_guard.so', 'guard.node'],
    ['libnmp_scan.so', 'scan.node'],
    ['nmp-sandbox', 'nmp-sandbox'],
  ] as const;
  for (const [from, to] of products) {
    // Renamed into place: a process may have the old file mapped.
    copyFileSync(join(target, 'release', from), join(out, `${to}.new`));
    renameSync(join(out, `${to}.new`), join(out, to));
  }
}

/** What is no TypeScript of ours but belongs beside it. */
const COPIED = [
  join('shared', 'wire', 'nmp.pb.js'),
  join('shared', 'wire', 'nmp.pb.d.ts'),
  join('client', 'author', 'assembly'),
];

function buildTypeScript(): void {
  run('npx', ['--no-install', 'tsc', '-p', 'tsconfig.build.json']);
  for (const path of COPIED)
    cpSync(join(root, path), join(root, 'dist', path), { recursive: true });
}

const part = process.argv[2];
if (part !== 'ts') buildNative();
if (part !== 'native') buildTypeScript();
