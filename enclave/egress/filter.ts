/** The seam to the last wall: decides whether an output may leave the enclave. */

import type { PrivacyPolicy } from '../../shared/policy/egress-policy.ts';
import type { ValueSchema } from '../../shared/policy/value-schema.ts';

/** Cells of the granted columns that a run could read, for the input-aware match. */
export interface ReadTable {
  readonly dataset: string;
  readonly columns: readonly {
    readonly name: string;
    readonly values: readonly (string | null)[];
  }[];
}

export interface EgressContext {
  /** Declared output schema of the capability. */
  readonly schema: ValueSchema;
  readonly policy: EgressPolicy;
  /** Tables that this run read; empty if none. */
  readonly tables: readonly ReadTable[];
  /** Rows that entered the answer, for the minimum group; undefined if no dataset was read. */
  readonly rowsRead?: number;
}

/** Data owner's rules for one capability; see docs/schemas. */
export interface EgressPolicy {
  readonly minimumGroup?: number;
  readonly restrictedKeys?: readonly string[];
  /** Bits that one client may learn of one dataset with one module. */
  readonly quotaBits?: number;
  /** Bits that one client may learn of one dataset with all its modules together. */
  readonly clientQuotaBits?: number;
  /** Blocked answers of one client with one module before the module is held back. */
  readonly blocksBeforeQuarantine?: number;
  /** Noise on declared aggregates, and the ε that all answers together may use. */
  readonly privacy?: PrivacyPolicy;
  /** Strings that the data owner planted in rows that nobody has a reason to tell. */
  readonly canaries?: readonly string[];
}

export type CountBucket = '0' | '1' | '2-9' | '10+';

export interface EgressVerdict {
  readonly blocked: boolean;
  /** Closed set: SCHEMA, MINIMUM_GROUP, UNDECODABLE, TABLE_MATCH and the types of the detectors. */
  readonly codes: readonly string[];
  readonly countBucket: CountBucket;
  /** Canonical bytes that may leave; present only if not blocked. */
  readonly output?: Uint8Array;
  /** Findings for the data owner's sealed audit record only: rule and path, never the value. */
  readonly findings: readonly { readonly rule: string; readonly path: string }[];
  /** SHA-256 of the verdict's canonical form; goes into the execution certificate. */
  readonly digest: Uint8Array;
}

export interface EgressFilter {
  /** Deterministic for the same output, context and ledger; never throws for hostile bytes. */
  judge(output: Uint8Array, context: EgressContext): EgressVerdict;
  /** SHA-256 of the canonical policy, rules included. */
  policyDigest(policy: EgressPolicy): Uint8Array;
}
