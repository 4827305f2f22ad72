/** A copy of the sources in which a line may be changed and a test run, without touching these. */
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..', '..');
/** Changed or read beside what is changed: copied. All else is only linked to. */
const COPIED = [
  'shared',
  'enclave',
  'parent',
  'client',
  'test',
  'scripts',
  'package.json',
  'vitest.config.ts',
];
/** Cargo's output for changed sources: never the one that builds what is used. */
const TARGET = join(
  process.env.NMP_CACHE ?? join(homedir(), '.cache', 'nmp-enclave'),
  'defences-target',
);
const LINKED = [
  ...['node_modules', 'build', 'dist', 'docs', 'examples', 'native'],
  ...['Makefile', 'SECURITY.md', 'tsconfig.json', 'package-lock.json'],
];

export type Outcome = 'passed' | 'failed' | 'timeout';

export interface Change {
  readonly file: string;
  readonly text: string;
}

export interface Workspace {
  readonly root: string;
  read(file: string): string;
  /** Writes `text`, runs `tests`, and puts back what was there. */
  tryWith(
    file: string,
    text: string,
    tests: readonly string[],
    timeoutMs: number,
  ): Promise<Outcome>;
  run(tests: readonly string[], timeoutMs: number): Promise<Outcome>;
  /**
   * The same for a file below native/: `nmp-sandbox` is built of the change in between, minutes the
   * first time. @throws Error if it does not build
   */
  tryNative(
    file: string,
    text: string,
    tests: readonly string[],
    timeoutMs: number,
  ): Promise<Outcome>;
  /** Runs the Rust tests of a crate below native/, with the change or as it is. */
  cargoTest(crate: string, timeoutMs: number, change?: Change): Outcome;
  remove(): void;
}

export function createWorkspace(): Workspace {
  const root = mkdtempSync(join(tmpdir(), 'nmp-mutation-'));
  for (const name of COPIED) {
    // Tests may have left sockets, which nothing copies.
    cpSync(join(ROOT, name), join(root, name), { recursive: true });
  }
  for (const name of LINKED) symlinkSync(join(ROOT, name), join(root, name));

  let running: number | undefined;
  const kill = () => {
    try {
      if (running !== undefined) process.kill(-running, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  };

  const run = (tests: readonly string[], timeoutMs: number): Promise<Outcome> =>
    new Promise((done, fail) => {
      const options = ['--bail', '1', '--maxWorkers', '1', '--reporter', 'dot'];
      const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
      const child = spawn(process.execPath, [vitest, 'run', ...tests, ...options], {
        cwd: root,
        stdio: 'ignore',
        // A group of its own: an endless loop in a worker outlives the signal to its parent.
        detached: true,
      });
      running = child.pid;
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        kill();
      }, timeoutMs);
      child.once('error', fail);
      child.once('exit', (code) => {
        clearTimeout(timer);
        // A test that failed may have left what it started.
        kill();
        running = undefined;
        done(late ? 'timeout' : code === 0 ? 'passed' : 'failed');
      });
    });

  /** Own copies of native/ and of build/native, in the place of links. */
  const separate = () => {
    if (existsSync(join(root, 'build', '.own'))) return;
    rmSync(join(root, 'native'));
    cpSync(join(ROOT, 'native'), join(root, 'native'), {
      recursive: true,
      filter: (from) => !from.endsWith('/target'),
    });
    const link = (folder: string, except: string) => {
      mkdirSync(join(root, folder));
      for (const name of readdirSync(join(ROOT, folder))) {
        if (name !== except) symlinkSync(join(ROOT, folder, name), join(root, folder, name));
      }
    };
    rmSync(join(root, 'build'));
    link('build', 'native');
    link(join('build', 'native'), 'nmp-sandbox');
    writeFileSync(join(root, 'build', '.own'), '');
  };

  const build = () => {
    const manifest = join(root, 'native', 'Cargo.toml');
    const options = ['--release', '--locked', '--manifest-path', manifest, '-p', 'nmp-sandbox'];
    const env = { ...process.env, CARGO_TARGET_DIR: TARGET };
    const { status } = spawnSync('cargo', ['build', ...options], { stdio: 'inherit', env });
    if (status !== 0) throw new Error('the changed source does not build');
    const place = join(root, 'build', 'native', 'nmp-sandbox');
    rmSync(place, { force: true });
    copyFileSync(join(TARGET, 'release', 'nmp-sandbox'), place);
  };

  const read = (file: string) => readFileSync(join(root, file), 'utf8');
  return {
    root,
    read,
    run,
    async tryWith(file, text, tests, timeoutMs) {
      const before = read(file);
      writeFileSync(join(root, file), text);
      try {
        return await run(tests, timeoutMs);
      } finally {
        writeFileSync(join(root, file), before);
      }
    },
    async tryNative(file, text, tests, timeoutMs) {
      separate();
      const before = read(file);
      writeFileSync(join(root, file), text);
      try {
        build();
        return await run(tests, timeoutMs);
      } finally {
        writeFileSync(join(root, file), before);
        const place = join(root, 'build', 'native', 'nmp-sandbox');
        rmSync(place, { force: true });
        symlinkSync(join(ROOT, 'build', 'native', 'nmp-sandbox'), place);
      }
    },
    cargoTest(crate, timeoutMs, change) {
      separate();
      const manifest = join(root, crate, 'Cargo.toml');
      const before = change && read(change.file);
      if (change) writeFileSync(join(root, change.file), change.text);
      try {
        const cargo = (...more: readonly string[]) =>
          spawnSync(
            'cargo',
            ['test', '--release', '--locked', '--tests', '--manifest-path', manifest, ...more],
            {
              stdio: ['ignore', 'ignore', 'inherit'],
              env: { ...process.env, CARGO_TARGET_DIR: TARGET },
              timeout: timeoutMs,
            },
          ).status;
        // What does not build would look like a test that fails.
        if (cargo('--no-run') !== 0) throw new Error('the changed source does not build');
        const status = cargo();
        return status === null ? 'timeout' : status === 0 ? 'passed' : 'failed';
      } finally {
        if (change) writeFileSync(join(root, change.file), before ?? '');
      }
    },
    remove() {
      kill();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
