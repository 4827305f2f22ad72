/** Builds TypeScript (dist/) and the native parts (build/native/). Usage: node scripts/build.ts [ts|native|image] */
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
  const packages = ['nmp-guard', 'nmp-scan', 'nmp-sandbox', 'nmp-agent'].flatMap((name) => [
    '-p',
    name,
  ]);
  const manifest = ['--manifest-path', 'native/Cargo.toml'];
  run('cargo', ['build', '--release', '--locked', ...manifest, ...packages], env);
  const out = join(root, 'build', 'native');
  mkdirSync(out, { recursive: true });
  const products = [
    ['libnmp_guard.so', 'guard.node'],
    ['libnmp_scan.so', 'scan.node'],
    ['nmp-sandbox', 'nmp-sandbox'],
    ['nmp-agent', 'nmp-agent'],
  ] as const;
  for (const [from, to] of products) {
    // Renamed into place: a process may have the old file mapped.
    copyFileSync(join(target, 'release', from), join(out, `${to}.new`));
    renameSync(join(out, `${to}.new`), join(out, to));
  }
}

/**
 * The native parts of the enclave image, into build/image/native. Paths of this machine are mapped
 * to fixed ones, so that the same sources and compiler give the same bytes wherever they lie.
 */
function buildImageNative(): void {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo');
  const triple = 'x86_64-unknown-linux-gnu';
  const out = join(root, 'build', 'image', 'native');
  mkdirSync(out, { recursive: true });
  // The agent runs where there is no library yet; a target folder of its own keeps both built.
  const parts = [
    { target: 'image-target', flags: [], packages: ['nmp-guard', 'nmp-scan', 'nmp-sandbox'] },
    {
      target: 'image-target-static',
      flags: ['-Ctarget-feature=+crt-static'],
      packages: ['nmp-agent'],
    },
  ];
  for (const { target: name, flags, packages } of parts) {
    const target = join(cache, name);
    // Our own sources are compiled by their paths within native/, wherever that lies.
    const maps = [
      [cargoHome, '/cargo'],
      [target, '/target'],
    ].map(([from, to]) => `${from}=${to}`);
    const env = {
      ...process.env,
      CARGO_TARGET_DIR: target,
      CARGO_ENCODED_RUSTFLAGS: [
        ...maps.map((map) => `--remap-path-prefix=${map}`),
        // The linker's note is a hash over paths, too.
        '-Clink-arg=-Wl,--build-id=none',
        ...flags,
      ].join('\x1f'),
      CFLAGS: maps.map((map) => `-ffile-prefix-map=${map}`).join(' '),
      SOURCE_DATE_EPOCH: '0',
    };
    run(
      'cargo',
      [
        ...['build', '--release', '--locked', '--manifest-path', 'native/Cargo.toml'],
        ...['--target', triple, ...packages.flatMap((name) => ['-p', name])],
      ],
      env,
    );
  }
  const products = [
    ['image-target', 'libnmp_guard.so', 'guard.node'],
    ['image-target', 'libnmp_scan.so', 'scan.node'],
    ['image-target', 'nmp-sandbox', 'nmp-sandbox'],
    ['image-target-static', 'nmp-agent', 'nmp-agent'],
  ] as const;
  for (const [target, from, to] of products) {
    copyFileSync(join(cache, target, triple, 'release', from), join(out, `${to}.new`));
    renameSync(join(out, `${to}.new`), join(out, to));
  }
}

/** What is no TypeScript of ours but belongs beside it. */
const COPIED = [
  join('shared', 'wire', 'nmp.pb.js'),
  join('shared', 'wire', 'nmp.pb.d.ts'),
  join('shared', 'receipt', 'receipt-verifier.wasm'),
  join('shared', 'script', 'engine.wasm'),
  join('shared', 'script', 'NOTICE'),
  join('client', 'author', 'assembly'),
];

function buildTypeScript(): void {
  run('npx', ['--no-install', 'tsc', '-p', 'tsconfig.build.json']);
  run(process.execPath, ['scripts/bundle.ts']);
  for (const path of COPIED)
    cpSync(join(root, path), join(root, 'dist', path), { recursive: true });
}

const part = process.argv[2];
if (part === 'image') buildImageNative();
else {
  if (part !== 'ts') buildNative();
  if (part !== 'native') buildTypeScript();
}
