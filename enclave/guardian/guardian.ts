/** The seam to the static analysis that judges a module before any engine sees it. */

/** What the sender of a module declares about it. */
export interface ModuleManifest {
  /** Name of the entry export; default by ABI (`nmp_run` or `_start`). */
  readonly entry?: string;
  /** Capabilities whose imports the module may use: stdin, stdout, clock, random, env, args, fs, net, or a full WASI interface name. */
  readonly capabilities: readonly string[];
  /** True if the module must be free of nondeterminism (needed for receipts). */
  readonly deterministic?: boolean;
}

export interface GuardianVerdict {
  readonly verdict: 'accept' | 'reject';
  /** Codes of the rules broken, sorted, each once; empty if accepted. */
  readonly reasons: readonly string[];
  /** Codes of findings that do not reject. */
  readonly flags: readonly string[];
  /** Numbers and bounds found; no text taken from the module. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** SHA-256 of the module. */
  readonly moduleHash: Uint8Array;
  /** SHA-256 of the canonical policy and manifest. */
  readonly policyHash: Uint8Array;
}

export interface Guardian {
  /** Judges in about a millisecond; never throws for hostile bytes; cached by both hashes. */
  judge(module: Uint8Array, manifest: ModuleManifest): GuardianVerdict;
}

/**
 * Bytes of memory that a run may take: at most `limit`, and of a module that cannot grow its memory
 * no more than it starts with.
 */
export function memoryNeeded({ facts }: GuardianVerdict, limit: number): number {
  const { kind, growsMemory, memoryPages } = facts;
  if (kind !== 'module' || growsMemory !== false || typeof memoryPages !== 'number') return limit;
  return Math.min(limit, Math.max(1, memoryPages) * 65_536);
}
