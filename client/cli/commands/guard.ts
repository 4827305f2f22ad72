/** `nmp guard`: the verdict that a node would give on a module, without a node. */
import { readFile, stat } from 'node:fs/promises';
import { EXIT, NmpError } from '../../../shared/errors.ts';
import { loadGuard } from '../node-side.ts';
import type { Register } from '../register.ts';

interface Options {
  readonly manifest?: string;
  readonly policy?: string;
  readonly json?: boolean;
}

/** Beyond this a file is not read at all; the guardian refuses far smaller ones. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;

/** @throws NmpError USAGE if the file cannot be read or is too long to be a module */
export async function readModule(file: string): Promise<Uint8Array> {
  const { size } = await stat(file).catch((cause: unknown) => {
    throw new NmpError('USAGE', `${file}: cannot be read`, { cause });
  });
  if (size > FILE_BYTES_MAX)
    throw new NmpError('USAGE', `${file}: longer than ${FILE_BYTES_MAX} bytes`);
  return readFile(file).catch((cause: unknown) => {
    throw new NmpError('USAGE', `${file}: cannot be read`, { cause });
  });
}

async function readText(file: string): Promise<string> {
  return Buffer.from(await readModule(file)).toString('utf8');
}

export const registerGuard: Register = (program) => {
  program
    .command('guard')
    .description('Judge WebAssembly modules and components as a node would; one JSON line a file.')
    .argument('<file...>', 'modules or components')
    .option(
      '--manifest <file>',
      'entry, capabilities, deterministic (docs/schemas/guard-manifest.schema.json)',
    )
    .option('--policy <file>', 'limits and choices (docs/schemas/guard-policy.schema.json)')
    .option('--json', 'one JSON line a file; this is the form anyway')
    .action(async (files: readonly string[], options: Options) => {
      const guard = await loadGuard();
      const manifest =
        options.manifest === undefined
          ? { capabilities: [] }
          : guard.parseManifest(await readText(options.manifest), options.manifest);
      const policy =
        options.policy === undefined
          ? guard.DEFAULT_POLICY
          : guard.parsePolicy(await readText(options.policy), options.policy);
      // Everything is read before anything is judged: a missing file must not hide among verdicts.
      const modules = await Promise.all(files.map(readModule));
      const guardian = guard.createGuardian({ authority: guard.authority }, { policy });
      modules.forEach((module, index) => {
        const { verdict, reasons, flags, facts, moduleHash, policyHash } = guardian.judge(
          module,
          manifest,
        );
        const line = {
          file: files[index],
          verdict,
          reasons,
          flags,
          facts,
          moduleHash: Buffer.from(moduleHash).toString('hex'),
          policyHash: Buffer.from(policyHash).toString('hex'),
        };
        process.stdout.write(`${JSON.stringify(line)}\n`);
        if (verdict === 'reject') process.exitCode = EXIT.blocked;
      });
    });
};
