import type { Flag, Reason } from '../../../../enclave/guardian/codes.ts';
import type { ModuleManifest } from '../../../../enclave/guardian/guardian.ts';
import type { GuardianPolicy } from '../../../../enclave/guardian/policy.ts';

/** One hand-written module and what the guardian must say of it. */
export interface Case {
  readonly name: string;
  readonly wasm: Uint8Array;
  /** Default: no capabilities, no entry. */
  readonly manifest?: ModuleManifest;
  readonly policy?: Partial<GuardianPolicy>;
  /** Exactly these, in any order; empty: accepted. */
  readonly reasons: readonly Reason[];
  /** Among the flags. */
  readonly flags?: readonly Flag[];
  /** Not among the flags. */
  readonly notFlags?: readonly Flag[];
}

export const ENTRY: ModuleManifest = { entry: 'nmp_run', capabilities: [] };
export const START: ModuleManifest = { entry: '_start', capabilities: [] };
