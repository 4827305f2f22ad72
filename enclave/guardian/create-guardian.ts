/** The guardian: own decoder, validity authority, policy and mathematics, in that order. */
import { createHash, hash as digestOf } from 'node:crypto';
import { analyseComponent } from './analyse-component.ts';
import { analyseModule } from './analyse-module.ts';
import type { ValidityAuthority } from './authority-types.ts';
import type { CodeFacts } from './code-facts.ts';
import type { Findings, Flag, Reason } from './codes.ts';
import { decodeComponent, emptyComponent, isComponent } from './component.ts';
import { decodeModule } from './decode-module.ts';
import type { Guardian, GuardianVerdict, ModuleManifest } from './guardian.ts';
import { emptyModule, type ModuleInfo } from './module-info.ts';
import {
  canonicalJson,
  canonicalManifest,
  type GuardianPolicy,
  MODULE_BYTES_CEILING,
  NESTING_CEILING,
  policyHash,
} from './policy.ts';
import { Reader, Stop } from './reader.ts';
import { loadSecretDetector, type SecretDetector } from './secrets.ts';
import { walkCode } from './walk-code.ts';

export interface GuardianComponents {
  readonly authority: ValidityAuthority;
  /** Default: credentials that carry their issuer's prefix. */
  readonly secrets?: SecretDetector;
}

export interface GuardianInit {
  readonly policy: GuardianPolicy;
  /** Verdicts kept; the least recently used is dropped first. Default 1,024. */
  readonly cacheEntries?: number;
}

/** A guardian that can also be asked for a verdict it has already given. */
export interface CachingGuardian extends Guardian {
  /** The cached verdict on the module of this SHA-256 under `manifest`, if there is one. */
  recall(moduleHash: Uint8Array, manifest: ModuleManifest): GuardianVerdict | undefined;
}

const CACHE_ENTRIES = 1024;
/** Manifests whose policy hash is kept. */
const MANIFEST_ENTRIES = 256;

/** A map that drops what was used longest ago. */
class RecentMap<V> {
  readonly #entries = new Map<string, V>();
  readonly #limit: number;
  constructor(limit: number) {
    this.#limit = limit;
  }
  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }
  set(key: string, value: V): void {
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}

export function createGuardian(
  components: GuardianComponents,
  init: GuardianInit,
): CachingGuardian {
  const policy = structuredClone(init.policy);
  const judgement = {
    authority: components.authority,
    secrets: components.secrets ?? loadSecretDetector(),
    policy,
  };
  const verdicts = new RecentMap<GuardianVerdict>(init.cacheEntries ?? CACHE_ENTRIES);
  const policyHashes = new RecentMap<Buffer>(MANIFEST_ENTRIES);
  const rules = (manifest: ModuleManifest): Buffer => {
    const canonical = canonicalManifest(manifest);
    let hash = policyHashes.get(canonical);
    if (hash === undefined) {
      hash = Buffer.from(policyHash(policy, canonical));
      policyHashes.set(canonical, hash);
    }
    return hash;
  };
  const keyOf = (module: Uint8Array, rule: Buffer) =>
    `${Buffer.from(module.buffer, module.byteOffset, module.length).toString('latin1')}${rule.toString('latin1')}`;
  return {
    judge(module, manifest) {
      const rule = rules(manifest);
      const moduleHash = digestOf('sha256', module, 'buffer');
      const key = keyOf(moduleHash, rule);
      const known = verdicts.get(key);
      if (known !== undefined) return known;
      const verdict = { ...judge(judgement, module, manifest), moduleHash, policyHash: rule };
      verdicts.set(key, verdict);
      return verdict;
    },
    recall: (moduleHash, manifest) => verdicts.get(keyOf(moduleHash, rules(manifest))),
  };
}

/** SHA-256 of the verdict's canonical form; goes into the execution certificate. */
export function verdictDigest(verdict: GuardianVerdict): Uint8Array {
  const { facts, flags, moduleHash, policyHash, reasons } = verdict;
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const canonical = canonicalJson({
    facts,
    flags,
    moduleHash: hex(moduleHash),
    policyHash: hex(policyHash),
    reasons,
    verdict: verdict.verdict,
  });
  return createHash('sha256').update('nmp-guardian-verdict/1|').update(canonical).digest();
}

interface Judgement {
  readonly authority: ValidityAuthority;
  readonly secrets: SecretDetector;
  readonly policy: GuardianPolicy;
}

function judge(
  { authority, secrets, policy }: Judgement,
  bytes: Uint8Array,
  manifest: ModuleManifest,
): Omit<GuardianVerdict, 'moduleHash' | 'policyHash'> {
  const findings: Findings = { reasons: new Set<Reason>(), flags: new Set<Flag>() };
  const { reasons } = findings;
  // Size is refused as cost: compiling takes time in proportion, before any fuel is burnt.
  if (bytes.length > Math.min(policy.limits.moduleBytes, MODULE_BYTES_CEILING)) reasons.add('COST');
  let facts: Readonly<Record<string, unknown>>;
  if (bytes.length > MODULE_BYTES_CEILING) facts = headersOnly(bytes, policy, findings);
  else if (isComponent(bytes))
    facts = judgeComponent(authority, secrets, policy, bytes, manifest, findings);
  else facts = judgeModule(authority, secrets, policy, bytes, manifest, findings);
  if (reasons.size > 0) {
    // A refused module gets no praise.
    for (const flag of ['PURE', 'COST_BOUNDED', 'STACK_BOUNDED'] as const)
      findings.flags.delete(flag);
  }
  return {
    verdict: reasons.size === 0 ? 'accept' : 'reject',
    reasons: [...reasons].sort(),
    flags: [...findings.flags].filter((flag) => !reasons.has(flag as Reason)).sort(),
    facts,
  };
}

/** Runs a decoding step; a stop becomes a finding and false. */
function attempt(findings: Findings, step: () => void): boolean {
  try {
    step();
    return true;
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    findings.reasons.add(error.kind);
    return false;
  }
}

function walk(
  bytes: Uint8Array,
  info: ModuleInfo,
  policy: GuardianPolicy,
  findings: Findings,
): CodeFacts | undefined {
  let code: CodeFacts | undefined;
  attempt(findings, () => {
    code = walkCode(bytes, info, {
      nesting: Math.min(policy.limits.nesting, NESTING_CEILING),
      brTable: policy.limits.brTable,
      locals: policy.limits.locals,
    });
  });
  if (info.feature || code?.feature === true) findings.reasons.add('FEATURE');
  return code;
}

/** Compares both decoders; their disagreement is a finding of its own. */
function consult(
  authority: ValidityAuthority,
  bytes: Uint8Array,
  sections: readonly number[],
  complete: boolean,
  findings: Findings,
): void {
  const { reasons } = findings;
  const report = authority.check(bytes);
  const refused = reasons.has('MALFORMED') || reasons.has('INVALID') || reasons.has('FEATURE');
  if (!report.valid) {
    if (!refused) reasons.add('INVALID');
    return;
  }
  const same =
    report.sections.length === sections.length &&
    report.sections.every((number, index) => number === sections[index]);
  if (refused || (complete && !same)) reasons.add('PARSER_DISAGREEMENT');
}

function judgeModule(
  authority: ValidityAuthority,
  secrets: SecretDetector,
  policy: GuardianPolicy,
  bytes: Uint8Array,
  manifest: ModuleManifest,
  findings: Findings,
): Readonly<Record<string, unknown>> {
  const info = emptyModule();
  const decoded = attempt(findings, () => decodeModule(bytes, info, 0, bytes.length, 0));
  const code = decoded ? walk(bytes, info, policy, findings) : undefined;
  if (!decoded && info.feature) findings.reasons.add('FEATURE');
  if (info.memories.length > 1) findings.reasons.add('FEATURE');
  consult(authority, bytes, info.sections, decoded, findings);
  return analyseModule(bytes, info, code, manifest, policy, secrets, findings);
}

function judgeComponent(
  authority: ValidityAuthority,
  secrets: SecretDetector,
  policy: GuardianPolicy,
  bytes: Uint8Array,
  manifest: ModuleManifest,
  findings: Findings,
): Readonly<Record<string, unknown>> {
  const info = emptyComponent();
  const decoded = attempt(findings, () => decodeComponent(bytes, info));
  const codes = info.modules.map((module) =>
    decoded ? walk(bytes, module.info, policy, findings) : undefined,
  );
  if (info.modules.some((module) => module.info.memories.length > 1))
    findings.reasons.add('FEATURE');
  consult(authority, bytes, info.sections, decoded, findings);
  return analyseComponent(bytes, info, codes, manifest, policy, secrets, findings);
}

/** Bytes beyond the ceiling: only the headers of the outermost sections are read. */
function headersOnly(
  bytes: Uint8Array,
  policy: GuardianPolicy,
  findings: Findings,
): Readonly<Record<string, unknown>> {
  let customSections = 0;
  let customBytes = 0;
  let functions = 0;
  const component = isComponent(bytes);
  attempt(findings, () => {
    const reader = new Reader(bytes);
    for (const expected of [0x00, 0x61, 0x73, 0x6d]) if (reader.u8() !== expected) reader.fail();
    reader.skip(4);
    while (reader.pos < bytes.length) {
      const id = reader.u8();
      const size = reader.u32();
      const start = reader.pos;
      reader.skip(size);
      if (id === 0) {
        customSections++;
        customBytes += size;
      } else if (id === 10 && !component) {
        functions = new Reader(bytes, start, start + size).u32();
      }
    }
  });
  if (customSections > policy.limits.customSections || customBytes > policy.limits.customBytes) {
    (policy.customSections === 'reject' ? findings.reasons : findings.flags).add('CUSTOM_SECTION');
  }
  if (functions > policy.limits.functions) findings.reasons.add('FUNCTION_LIMIT');
  return {
    kind: component ? 'component' : 'module',
    bytes: bytes.length,
    functions,
    customSections,
    customBytes,
  };
}
