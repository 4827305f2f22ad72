/** Programs of other hands, built from a module of test/oracle that pins them. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const ORACLE = join(import.meta.dirname, '..', 'oracle');
const CACHE = process.env.NMP_CACHE ?? join(homedir(), '.cache', 'nmp-enclave');
const NOT_HERE = /ENOENT|dial tcp|lookup|timeout|proxy|no such host|toolchain/i;

/**
 * Builds `what` (a package of the module in test/oracle/`module`) once, keyed by the module's files.
 * @returns the program, or undefined where Go or its proxy is missing, which is said on stderr
 */
export function goProgram(module: string, what = '.'): string | undefined {
  const folder = join(ORACLE, module);
  const hash = createHash('sha256').update(what);
  for (const file of globSync('{*.go,go.mod,go.sum}', { cwd: folder }).sort()) {
    hash.update(readFileSync(join(folder, file)));
  }
  const program = join(CACHE, `${module}-oracle-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(program)) return program;
  mkdirSync(CACHE, { recursive: true });
  const { status, stderr, error } = spawnSync('go', ['build', '-trimpath', '-o', program, what], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, GOFLAGS: '-mod=readonly -buildvcs=false' },
  });
  if (status === 0) return program;
  const reason = `${error?.message ?? ''}${stderr ?? ''}`;
  if (!NOT_HERE.test(reason)) throw new Error(`test/oracle/${module} does not build: ${reason}`);
  process.stderr.write(`skipped: Go or a module of test/oracle/${module} cannot be had here\n`);
  return undefined;
}
