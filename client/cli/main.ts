#!/usr/bin/env node
/** The command line `nmp`: composition root of the client. */
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { commandsFor } from './commands.ts';
import { packageVersion } from './package-folder.ts';
import { runCommand } from './run.ts';

// Halves the start for hosts that wait for it; under the home folder, where no other user writes.
enableCompileCache(join(homedir(), '.cache', 'nmp-enclave', 'compile'));

const program = new Command('nmp')
  .description('Send logic to the data; get back an answer with evidence.')
  .version(packageVersion(), '-V, --version')
  .showHelpAfterError()
  .exitOverride();

process.exitCode = await runCommand(async () => {
  for (const register of await commandsFor(process.argv.slice(2))) register(program);
  await program.parseAsync(process.argv);
});
