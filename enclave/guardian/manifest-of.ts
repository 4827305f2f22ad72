/** The manifest that a guest ABI and the grants of a capability come to. */
import type { ModuleManifest } from './guardian.ts';

type Abi = 'pure' | 'wasi-p1' | 'wasi-p2' | 'component';

const ENTRIES: Readonly<Record<Abi, string>> = {
  pure: 'nmp_run',
  'wasi-p1': '_start',
  'wasi-p2': 'wasi:cli/run',
  component: 'nmp-run',
};

/** Interfaces of WASI 0.2 that every command has: its standard streams, and how it ends. */
const STREAMS = [
  'wasi:io/error',
  'wasi:io/streams',
  'wasi:cli/stdin',
  'wasi:cli/stdout',
  'wasi:cli/exit',
] as const;

/** The interfaces of WASI 0.2 that stand behind each grant; native/sandbox/src/wasi_p2.rs links them. */
const INTERFACES: Readonly<Record<string, readonly string[]>> = {
  clock: ['wasi:clocks/monotonic-clock', 'wasi:clocks/wall-clock'],
  random: ['wasi:random/random', 'wasi:random/insecure', 'wasi:random/insecure-seed'],
  env: ['wasi:cli/environment'],
  args: ['wasi:cli/environment'],
  fs: ['wasi:filesystem/types', 'wasi:filesystem/preopens'],
  poll: ['wasi:io/poll'],
  fd: [
    'wasi:cli/stderr',
    'wasi:cli/terminal-input',
    'wasi:cli/terminal-output',
    'wasi:cli/terminal-stdin',
    'wasi:cli/terminal-stdout',
    'wasi:cli/terminal-stderr',
  ],
};

/** @param grants what the capability grants beyond standard streams, by the names of preview 1 */
export function manifestOf(abi: Abi, grants: readonly string[]): ModuleManifest {
  const entry = ENTRIES[abi];
  switch (abi) {
    case 'pure':
    case 'component':
      return { entry, capabilities: [], deterministic: true };
    case 'wasi-p1':
      return {
        entry,
        capabilities: ['stdin', 'stdout', ...grants],
        deterministic: grants.length === 0,
      };
    case 'wasi-p2':
      return {
        entry,
        capabilities: [...STREAMS, ...new Set(grants.flatMap((name) => INTERFACES[name] ?? []))],
        deterministic: grants.length === 0,
      };
  }
}
