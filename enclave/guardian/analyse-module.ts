/** Policy and mathematics on one decoded core module that runs by itself. */
import {
  abiOf,
  addTotals,
  checkEntry,
  checkImports,
  checkModule,
  checkTotals,
  emptyTotals,
} from './checks.ts';
import type { CodeFacts } from './code-facts.ts';
import type { Findings } from './codes.ts';
import { analyseCalls, type CallAnalysis } from './cost.ts';
import { FUEL_SATURATED } from './fuel.ts';
import type { ModuleManifest } from './guardian.ts';
import { inspectData } from './heuristics.ts';
import type { ModuleInfo } from './module-info.ts';
import { nameSectionLies } from './name-section.ts';
import type { GuardianPolicy } from './policy.ts';
import type { SecretDetector } from './secrets.ts';

/** Rules on the code that the walk has already measured. */
export function checkCode(code: CodeFacts, findings: Findings): void {
  if (code.localsExceeded) findings.reasons.add('LOCALS');
  // A jump table is control structure too; it has no code of its own.
  if (code.nestingExceeded || code.brTableExceeded) findings.reasons.add('NESTING');
  if (code.makesNan) findings.flags.add('FLOAT_NAN');
  if (code.mixingFunctions > 0) findings.flags.add('MINING_HEURISTIC');
}

/** Secrets and guesses about the bytes that are not code. */
export function checkData(
  bytes: Uint8Array,
  info: ModuleInfo,
  policy: GuardianPolicy,
  secrets: SecretDetector,
  findings: Findings,
): Record<string, number> {
  for (const range of [...info.dataRanges, ...info.customs]) {
    if (range.end > range.start && secrets.holdsSecret(bytes.subarray(range.start, range.end))) {
      (policy.secrets === 'reject' ? findings.reasons : findings.flags).add('SECRET');
      break;
    }
  }
  if (nameSectionLies(bytes, info)) findings.flags.add('NAME_SECTION');
  return { ...inspectData(bytes, info, findings) };
}

/**
 * Fuel of instantiation. Wasmtime 48 compiles it into a startup function: entering it, every
 * initial value of a global, offset of a segment and element expression are instructions, and
 * active segments are charged by the byte and element besides.
 */
function instantiationCost(info: ModuleInfo, calls: CallAnalysis): bigint | undefined {
  const expressions = info.globals + info.data.length + info.elements.length + info.elementItems;
  let cost = 1n + BigInt(expressions);
  for (const { length } of info.data) cost += BigInt(length);
  for (const { length } of info.elements) cost += BigInt(length);
  if (info.start === undefined) return cost;
  const start = calls.cost(info.start);
  return start === undefined ? undefined : cost + start + 1n;
}

/** Bounds over everything that the host may call: the entry and its ABI, or every export. */
function bounds(
  info: ModuleInfo,
  code: CodeFacts,
  manifest: ModuleManifest,
  policy: GuardianPolicy,
  findings: Findings,
): Record<string, unknown> {
  const exported = [...info.exports]
    .filter(([, item]) => item.kind === 'func')
    .map(([name, item]) => [name, item.index] as const);
  const named = new Set(
    manifest.entry === 'nmp_run'
      ? ['nmp_run', 'nmp_alloc']
      : manifest.entry === undefined
        ? []
        : [manifest.entry],
  );
  const called = exported
    .filter(([name]) => named.size === 0 || named.has(name))
    .map(([, index]) => index);
  const startup = info.start === undefined ? [] : [info.start];
  const calls = analyseCalls(info, code, [...startup, ...called]);
  const roots = [...startup, ...exported.map(([, index]) => index)];
  const tableExported = [...info.exports.values()].some((item) => item.kind === 'table');
  if (info.importedTables > 0 || tableExported) roots.push(...info.addressTaken);
  // With no entry named the analysis above has already followed everything.
  const same = roots.length === startup.length + called.length;
  const everything = same ? calls : analyseCalls(info, code, roots);
  if (everything.unreached > 0) findings.flags.add('DEAD_CODE');

  // With an entry each of its exports runs once; without one the dearest single export is meant.
  const instantiation = instantiationCost(info, calls);
  let total = instantiation;
  let slots: number | undefined = 0;
  let depth: number | undefined = 0;
  let dearest = 0n;
  for (const index of [...startup, ...called]) {
    const cost = calls.cost(index);
    if (cost === undefined || total === undefined) total = undefined;
    else if (!startup.includes(index) || called.includes(index)) {
      if (named.size > 0) total += cost;
      else if (cost > dearest) dearest = cost;
    }
    const stack = calls.stackSlots(index);
    slots = stack === undefined || slots === undefined ? undefined : Math.max(slots, stack);
    const levels = calls.callDepth(index);
    depth = levels === undefined || depth === undefined ? undefined : Math.max(depth, levels);
  }
  if (total !== undefined) total += dearest;
  if (total !== undefined && total >= FUEL_SATURATED) total = undefined;
  findings.flags.add(total === undefined ? 'COST_UNBOUNDED' : 'COST_BOUNDED');
  findings.flags.add(slots === undefined ? 'STACK_UNBOUNDED' : 'STACK_BOUNDED');
  if (policy.maximumCost !== null && (total === undefined || total > BigInt(policy.maximumCost))) {
    findings.reasons.add('COST');
  }
  if (
    policy.maximumStackSlots !== null &&
    (slots === undefined || slots > policy.maximumStackSlots)
  ) {
    findings.reasons.add('STACK');
  }
  return {
    cost: {
      instantiation: instantiation?.toString() ?? null,
      total: total?.toString() ?? null,
      unbounded: calls.unbounded,
    },
    stack: { slots: slots ?? null, callDepth: depth ?? null },
    recursiveFunctions: everything.recursiveFunctions,
    deadFunctions: everything.unreached,
  };
}

/** Judges a core module whose bytes decoded; `code` is undefined if the walk over it stopped. */
export function analyseModule(
  bytes: Uint8Array,
  info: ModuleInfo,
  code: CodeFacts | undefined,
  manifest: ModuleManifest,
  policy: GuardianPolicy,
  secrets: SecretDetector,
  findings: Findings,
): Record<string, unknown> {
  const totals = emptyTotals();
  addTotals(totals, info, 1, policy);
  checkTotals(totals, policy, findings);
  checkModule(info, policy, findings);
  checkImports(info, manifest, findings);
  checkEntry(info, manifest, findings);
  const data = checkData(bytes, info, policy, secrets, findings);
  const facts: Record<string, unknown> = {
    kind: 'module',
    bytes: bytes.length,
    abi: abiOf(info),
    types: info.types.length,
    functions: totals.functions,
    imports: info.imports.length,
    exports: info.exports.size,
    globals: info.globals,
    memoryPages: totals.memoryPages,
    memoryMaximumPages: info.memories[0]?.max ?? null,
    tableEntries: totals.tableEntries,
    customSections: totals.customSections,
    customBytes: totals.customBytes,
    ...data,
  };
  if (code === undefined) return facts;
  checkCode(code, findings);
  Object.assign(facts, {
    instructions: code.instructions,
    loops: code.loops,
    boundedLoops: code.boundedLoops,
    maxNesting: code.maxNesting,
    maxBrTable: code.maxBrTable,
    maxLocals: code.maxLocals,
    maxOperands: code.maxOperands,
    growsMemory: code.growsMemory,
  });
  if (info.imports.length === 0) findings.flags.add('PURE');
  // Calls are followed only in code that is whole and valid.
  if (
    ['MALFORMED', 'INVALID', 'FEATURE', 'PARSER_DISAGREEMENT'].some((code) =>
      findings.reasons.has(code as never),
    )
  ) {
    return facts;
  }
  if (code.nestingExceeded) return facts;
  return Object.assign(facts, bounds(info, code, manifest, policy, findings));
}
