/** The policy on one core module, and on the sums over all instances. */
import type { Findings } from './codes.ts';
import type { ModuleManifest } from './guardian.ts';
import type { Limits, ModuleInfo } from './module-info.ts';
import type { GuardianPolicy } from './policy.ts';
import {
  ALWAYS,
  DETERMINISTIC_CAPABILITIES,
  ENTRY_SIGNATURES,
  NEVER,
  PREVIEW1,
  PREVIEW1_FUNCTIONS,
} from './wasi.ts';

/** What the limits are compared with; for a component the sums over its instances. */
export interface Totals {
  memoryPages: number;
  tableEntries: number;
  /** Some memory (table) declares a maximum beyond the limit. */
  memoryMaximumOver: boolean;
  tableMaximumOver: boolean;
  functions: number;
  imports: number;
  customBytes: number;
  customSections: number;
}

export function emptyTotals(): Totals {
  return {
    memoryPages: 0,
    tableEntries: 0,
    memoryMaximumOver: false,
    tableMaximumOver: false,
    functions: 0,
    imports: 0,
    customBytes: 0,
    customSections: 0,
  };
}

/** Adds `instances` instances of a module; its custom sections count once, by their bytes. */
export function addTotals(
  totals: Totals,
  info: ModuleInfo,
  instances: number,
  policy: GuardianPolicy,
): void {
  const sum = (limits: readonly Limits[]) => limits.reduce((total, { min }) => total + min, 0);
  const over = (limits: readonly Limits[], limit: number) =>
    limits.some(({ max }) => max !== undefined && max > limit);
  // A module that is embedded and never instantiated costs its compilation all the same.
  const copies = Math.max(1, instances);
  totals.memoryPages += instances * sum(info.memories);
  totals.tableEntries += instances * sum(info.tables);
  totals.memoryMaximumOver ||= over(info.memories, policy.limits.memoryPages);
  totals.tableMaximumOver ||= over(info.tables, policy.limits.tableEntries);
  totals.functions += copies * (info.functions.length - info.importedFunctions);
  totals.imports += copies * info.imports.length;
  for (const section of info.customs) totals.customBytes += section.size;
  totals.customSections += info.customs.length;
}

export function checkTotals(totals: Totals, policy: GuardianPolicy, findings: Findings): void {
  const { limits } = policy;
  const { reasons } = findings;
  const declared = policy.declaredMaximum === 'reject' ? reasons : findings.flags;
  if (totals.memoryPages > limits.memoryPages) reasons.add('MEMORY_LIMIT');
  else if (totals.memoryMaximumOver) declared.add('MEMORY_LIMIT');
  if (totals.tableEntries > limits.tableEntries) reasons.add('TABLE_LIMIT');
  else if (totals.tableMaximumOver) declared.add('TABLE_LIMIT');
  if (totals.functions > limits.functions) reasons.add('FUNCTION_LIMIT');
  if (totals.imports > limits.imports) reasons.add('IMPORT_COUNT');
  if (totals.customBytes > limits.customBytes || totals.customSections > limits.customSections) {
    (policy.customSections === 'reject' ? reasons : findings.flags).add('CUSTOM_SECTION');
  }
}

/** What holds for every core module, alone or inside a component. */
export function checkModule(info: ModuleInfo, policy: GuardianPolicy, findings: Findings): void {
  const { params } = policy.limits;
  if (info.types.some((type) => type.params > params || type.results > params)) {
    findings.reasons.add('TYPE_LIMIT');
  }
  if (info.start !== undefined) {
    (policy.startFunction === 'reject' ? findings.reasons : findings.flags).add('START_FUNCTION');
  }
  // Only a constant offset into a memory whose size is known can be judged here; the engine
  // checks the others before the first instruction runs.
  const outside =
    (target: readonly Limits[], unit: number) => (segment: ModuleInfo['data'][number]) => {
      const limits = target[segment.target];
      return (
        limits !== undefined &&
        segment.offset !== undefined &&
        segment.offset + segment.length > limits.min * unit
      );
    };
  if (
    info.data.some(outside(info.memories, 65_536)) ||
    info.elements.some(outside(info.tables, 1))
  ) {
    findings.reasons.add('SEGMENT_BOUNDS');
  }
}

/** Imports of a core module that runs by itself: WASI preview 1 as far as it is granted. */
export function checkImports(info: ModuleInfo, manifest: ModuleManifest, findings: Findings): void {
  const { reasons } = findings;
  const granted = new Set(manifest.capabilities);
  for (const item of info.imports) {
    if (item.kind !== 'func') reasons.add('IMPORT_KIND');
    if (item.module !== PREVIEW1) {
      reasons.add('IMPORT_MODULE');
      continue;
    }
    const known = PREVIEW1_FUNCTIONS.get(item.name);
    if (known === undefined) {
      reasons.add('IMPORT_NAME');
      continue;
    }
    const [capability, signature] = known;
    if (item.kind === 'func' && info.types[item.type]?.signature !== signature) {
      reasons.add('IMPORT_TYPE');
    }
    if (capability === ALWAYS) continue;
    const random = manifest.deterministic === true && !DETERMINISTIC_CAPABILITIES.has(capability);
    if (capability === NEVER || !granted.has(capability) || random) reasons.add('CAPABILITY');
  }
}

/** The entry, if one is named, and the types of the other exports of its ABI. */
export function checkEntry(info: ModuleInfo, manifest: ModuleManifest, findings: Findings): void {
  const { entry } = manifest;
  if (entry === undefined) return;
  const { reasons } = findings;
  const named = info.exports.get(entry);
  if (named === undefined) reasons.add('EXPORT_MISSING');
  const wanted = entry === 'nmp_run' ? [entry, 'nmp_alloc'] : [entry];
  for (const name of wanted) {
    const item = info.exports.get(name);
    if (item === undefined) continue;
    if (item.kind !== 'func') {
      reasons.add('EXPORT_KIND');
      continue;
    }
    const signature = ENTRY_SIGNATURES.get(name);
    const type = info.types[info.functions[item.index] as number];
    if (signature !== undefined && type?.signature !== signature) reasons.add('EXPORT_TYPE');
  }
  const memory = info.exports.get('memory');
  if (memory !== undefined && memory.kind !== 'memory') reasons.add('EXPORT_KIND');
}

/** Which guest ABI the exports make up, if any (docs/protocol.md, Guest ABI). */
export function abiOf(info: ModuleInfo): 'pure' | 'wasi-p1' | null {
  const is = (name: string) => {
    const item = info.exports.get(name);
    const type =
      item?.kind === 'func' ? info.types[info.functions[item.index] as number] : undefined;
    return type !== undefined && type.signature === ENTRY_SIGNATURES.get(name);
  };
  if (info.exports.get('memory')?.kind !== 'memory') return null;
  if (info.imports.length === 0 && is('nmp_alloc') && is('nmp_run')) return 'pure';
  return is('_start') ? 'wasi-p1' : null;
}
