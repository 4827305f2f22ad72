/** The commands of `nmp`, each in its own file under `commands/`. */
import { registerBuild } from './commands/build.ts';
import { registerCall } from './commands/call.ts';
import { registerDemo } from './commands/demo.ts';
import { registerGuard } from './commands/guard.ts';
import { registerInspect } from './commands/inspect.ts';
import { registerRun } from './commands/run.ts';
import { registerScan } from './commands/scan.ts';
import { registerStart } from './commands/start.ts';
import { registerVerify } from './commands/verify.ts';
import type { Register } from './register.ts';

export const COMMANDS: readonly Register[] = [
  registerDemo,
  registerStart,
  registerCall,
  registerRun,
  registerBuild,
  registerGuard,
  registerScan,
  registerVerify,
  registerInspect,
];
