/** What the guardian allows. Plain data: its canonical form is hashed into every verdict. */
import { createHash } from 'node:crypto';
import type { ModuleManifest } from './guardian.ts';

/** Upper bounds; for a component each is compared with the sum over all its instances. */
interface GuardianLimits {
  /** Bytes admitted; never above {@link MODULE_BYTES_CEILING}. Compiling costs about 1.7 s a MB. */
  readonly moduleBytes: number;
  /** 64 KiB pages that the memories have from the start. */
  readonly memoryPages: number;
  /** Elements that the tables have from the start. */
  readonly tableEntries: number;
  /** Functions with a body. */
  readonly functions: number;
  readonly imports: number;
  /** Parameters, and results, of one type. */
  readonly params: number;
  /** Declared locals of one function. */
  readonly locals: number;
  /** Blocks within blocks in one function. */
  readonly nesting: number;
  readonly brTable: number;
  /** Content bytes of all custom sections. */
  readonly customBytes: number;
  readonly customSections: number;
}

/** Whether a finding refuses the module or is only stated; it is stated either way. */
type Treatment = 'reject' | 'flag';

export interface GuardianPolicy {
  readonly limits: GuardianLimits;
  /** A start function runs before the entry; it burns fuel as everything does. */
  readonly startFunction: Treatment;
  /** Custom sections beyond their limits. */
  readonly customSections: Treatment;
  /** A declared maximum of a memory or table beyond the limit; the engine caps growth anyway. */
  readonly declaredMaximum: Treatment;
  readonly secrets: Treatment;
  /** Highest fuel bound accepted, decimal; a module without a bound is refused. Null: any. */
  readonly maximumCost: string | null;
  /** Most stack slots accepted; a module without a bound is refused. Null: any. */
  readonly maximumStackSlots: number | null;
}

/** Nothing longer is looked at beyond its section headers, whatever the policy says. */
export const MODULE_BYTES_CEILING = 10 * 1024 * 1024;
/** Highest nesting that a policy may allow; the walk keeps a column of this length. */
export const NESTING_CEILING = 65_536;

export const DEFAULT_POLICY: GuardianPolicy = {
  limits: {
    moduleBytes: 1024 * 1024,
    memoryPages: 800,
    tableEntries: 100_000,
    functions: 20_000,
    imports: 100,
    params: 100,
    locals: 50_000,
    nesting: 1024,
    brTable: 65_520,
    customBytes: 1024 * 1024,
    customSections: 16,
  },
  startFunction: 'flag',
  customSections: 'reject',
  declaredMaximum: 'flag',
  secrets: 'reject',
  maximumCost: null,
  maximumStackSlots: null,
};

/**
 * The policy of a node whose capabilities admit modules of these sizes: the default, and as many
 * bytes as the largest of them says. A call is held to its own capability's size besides.
 */
export function admissionPolicy(moduleBytes: readonly number[]): GuardianPolicy {
  const { limits } = DEFAULT_POLICY;
  const admitted = Math.min(Math.max(limits.moduleBytes, ...moduleBytes), MODULE_BYTES_CEILING);
  return { ...DEFAULT_POLICY, limits: { ...limits, moduleBytes: admitted } };
}

/** Raised with every change of what a verdict means: verdicts of other versions are not reused. */
const GUARDIAN_VERSION = 1;

/** JSON with sorted members and no white space (RFC 8785 for the integers and strings used here). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
}

/** The manifest with its defaults written out and its capabilities sorted, each once. */
export function canonicalManifest(manifest: ModuleManifest): string {
  return canonicalJson({
    capabilities: [...new Set(manifest.capabilities)].sort(),
    deterministic: manifest.deterministic ?? false,
    entry: manifest.entry ?? null,
  });
}

/** SHA-256 over guardian version, policy and manifest in canonical form. */
export function policyHash(policy: GuardianPolicy, manifest: string): Uint8Array {
  return createHash('sha256')
    .update(`nmp-guardian/${GUARDIAN_VERSION}|`)
    .update(canonicalJson(policy))
    .update('|')
    .update(manifest)
    .digest();
}
