/** A copy of the sources in which a line may be changed and a test run, without touching these. */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..', '..');
/** Changed or read beside what is changed: copied. All else is only linked to. */
const COPIED = [
  'shared',
  'enclave',
  'parent',
  'client',
  'test',
  'package.json',
  'vitest.config.ts',
];
const LINKED = [
  ...['node_modules', 'build', 'dist', 'docs', 'examples', 'native', 'scripts'],
  ...['Makefile', 'SECURITY.md', 'tsconfig.json', 'package-lock.json'],
];

export type Outcome = 'passed' | 'failed' | 'timeout';

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
        running = undefined;
        done(late ? 'timeout' : code === 0 ? 'passed' : 'failed');
      });
    });

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
    remove() {
      kill();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
