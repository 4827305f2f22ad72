/**
 * The commands of `nmp`, each in its own file under `commands/`, loaded only when it is asked for:
 * an MCP host starts `nmp mcp` at its own start and waits for it.
 */
import type { Register } from './register.ts';

export const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  demo: async () => (await import('./commands/demo.ts')).registerDemo,
  start: async () => (await import('./commands/start.ts')).registerStart,
  call: async () => (await import('./commands/call.ts')).registerCall,
  run: async () => (await import('./commands/run.ts')).registerRun,
  build: async () => (await import('./commands/build.ts')).registerBuild,
  guard: async () => (await import('./commands/guard.ts')).registerGuard,
  scan: async () => (await import('./commands/scan.ts')).registerScan,
  policy: async () => (await import('./commands/policy.ts')).registerPolicy,
  verify: async () => (await import('./commands/verify.ts')).registerVerify,
  receipt: async () => (await import('./commands/receipt.ts')).registerReceipt,
  seal: async () => (await import('./commands/seal.ts')).registerSeal,
  release: async () => (await import('./commands/release.ts')).registerRelease,
  mcp: async () => (await import('./commands/mcp.ts')).registerMcp,
  trust: async () => (await import('./commands/trust.ts')).registerTrust,
  console: async () => (await import('./commands/console.ts')).registerConsole,
  wrap: async () => (await import('./commands/wrap.ts')).registerWrap,
  inspect: async () => (await import('./commands/inspect.ts')).registerInspect,
  pcrs: async () => (await import('./commands/pcrs.ts')).registerPcrs,
  doctor: async () => (await import('./commands/doctor.ts')).registerDoctor,
  completion: async () => (await import('./commands/completion.ts')).registerCompletion,
};

/** The command that the arguments name first; every one for help, completion and a mistyped name. */
export async function commandsFor(args: readonly string[]): Promise<readonly Register[]> {
  const [named = ''] = args;
  const one = named !== 'completion' && Object.hasOwn(COMMANDS, named);
  const loaders = one ? [COMMANDS[named]] : Object.values(COMMANDS);
  return Promise.all(loaders.flatMap((load) => (load === undefined ? [] : [load()])));
}
