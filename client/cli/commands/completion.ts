/** `nmp completion`: prints a completion script for a shell. */
import { Argument } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion.ts';
import type { Register } from '../register.ts';

export const registerCompletion: Register = (program) => {
  program
    .command('completion')
    .description('Print a completion script: source <(nmp completion bash)')
    .addArgument(new Argument('<shell>', 'for which shell').choices([...SHELLS]))
    .action((shell: Shell) => {
      process.stdout.write(completionScript(program, shell));
    });
};
