/** The commands of `nmp`, each in its own file under `commands/`. */
import type { Command } from 'commander';
import { registerBuild } from './commands/build.ts';
import { registerGuard } from './commands/guard.ts';

/** Adds one command, with its options and its action, to the program. */
export type Register = (program: Command) => void;

export const COMMANDS: readonly Register[] = [registerBuild, registerGuard];
