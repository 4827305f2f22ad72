/**
 * Compiles shared/wire/nmp.proto with protons, libp2p's compiler. Its output uses namespaces, which
 * Node's type stripping does not take, so that the committed form is JavaScript with declarations:
 * shared/wire/nmp.pb.js and nmp.pb.d.ts.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const wire = join(import.meta.dirname, '..', 'shared', 'wire');

function run(...args: readonly string[]): void {
  const { status } = spawnSync('npx', ['--no-install', ...args], { cwd: wire, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

run('protons', 'nmp.proto', '--output', '.');
const source = join(wire, 'nmp.pb.ts');
writeFileSync(
  source,
  `// Compiled from nmp.proto by scripts/protos.ts.\n${readFileSync(join(wire, 'nmp.ts'), 'utf8')}`,
);
rmSync(join(wire, 'nmp.ts'));
run(
  'tsc',
  ...['--ignoreConfig', '--target', 'ES2024', '--module', 'NodeNext', '--declaration'],
  ...['--skipLibCheck', '--strict', 'nmp.pb.ts'],
);
rmSync(source);
