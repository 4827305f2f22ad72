/** `nmp build`: from a logic file to a module, and the verdict that a node would give on it. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { EXIT, NmpError } from '../../../shared/errors.ts';
import { buildLogic, type GuestRuntime } from '../../author/build.ts';
import { loadGuard } from '../node-side.ts';
import type { Register } from '../register.ts';

interface Options {
  readonly out?: string;
  readonly runtime: string;
  readonly json?: boolean;
}

const isRuntime = (text: string): text is GuestRuntime => text === 'stub' || text === 'incremental';

async function build(file: string, options: Options): Promise<void> {
  if (!isRuntime(options.runtime)) {
    throw new NmpError('USAGE', '--runtime takes stub or incremental');
  }
  const { bytes, warnings } = await buildLogic(file, { runtime: options.runtime });
  if (warnings !== '') process.stderr.write(`${warnings}\n`);
  const module = options.out ?? file.replace(/(\.ts)?$/, '.wasm');
  await mkdir(dirname(module), { recursive: true });
  await writeFile(module, bytes);

  const { authority, createGuardian, DEFAULT_POLICY } = await loadGuard();
  const guardian = createGuardian({ authority }, { policy: DEFAULT_POLICY });
  const { verdict, reasons, flags } = guardian.judge(bytes, { capabilities: [] });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const result = { module, bytes: bytes.length, sha256, verdict, reasons, flags };
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else {
    const why = [...reasons, ...flags].join(' ');
    process.stdout.write(
      `${module}\n  size     ${bytes.length} bytes\n  sha256   ${sha256}\n  guardian ${verdict} ${why}\n`,
    );
  }
  if (verdict === 'reject') process.exitCode = EXIT.blocked;
}

export const registerBuild: Register = (program: Command) => {
  program
    .command('build')
    .description('Compile a logic file (AssemblyScript) to a module and judge it as a node would.')
    .argument('<logic.ts>', 'a file that exports run(input: Input)')
    .option('-o, --out <file>', 'where the module goes; default: beside the source')
    .option('--runtime <kind>', 'stub (small, never frees) or incremental (collects)', 'stub')
    .option('--json', 'one JSON object')
    .action(build);
};
