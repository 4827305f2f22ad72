/** `nmp inspect`: shows what a file is, each kind in its own file under `inspect/`. */
import type { Register } from '../register.ts';
import { registerInspectDocument } from './inspect/document.ts';
import { registerInspectEif } from './inspect/eif.ts';
import { registerInspectModule } from './inspect/module.ts';
import { registerInspectReceipt } from './inspect/receipt.ts';

const KINDS: readonly Register[] = [
  registerInspectDocument,
  registerInspectModule,
  registerInspectEif,
  registerInspectReceipt,
];

export const registerInspect: Register = (program) => {
  const inspect = program.command('inspect').description('Show what is in a file, unjudged.');
  for (const register of KINDS) register(inspect);
};
