#!/usr/bin/env node
/** The command line `nmp`: composition root of the client. */
import { Command } from 'commander';
import { COMMANDS } from './commands.ts';
import { runCommand } from './run.ts';

const program = new Command('nmp')
  .description('Send logic to the data; get back an answer with evidence.')
  .showHelpAfterError()
  .exitOverride();
for (const register of COMMANDS) register(program);

process.exitCode = await runCommand(() => program.parseAsync(process.argv));
