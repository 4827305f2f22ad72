/** Policy on a decoded component: its inner modules, the sums over instances, its interfaces. */
import { checkCode, checkData } from './analyse-module.ts';
import { addTotals, checkModule, checkTotals, emptyTotals } from './checks.ts';
import type { CodeFacts } from './code-facts.ts';
import type { Findings } from './codes.ts';
import type { ComponentInfo } from './component.ts';
import type { ModuleManifest } from './guardian.ts';
import type { GuardianPolicy } from './policy.ts';
import type { SecretDetector } from './secrets.ts';

/** Interfaces that pass bytes on and bring nothing from outside into a run. */
const DETERMINISTIC_INTERFACES = /^wasi:(?:io\/(?:error|streams)|cli\/(?:stdin|stdout|exit|run))$/;

/** `wasi:clocks/monotonic-clock@0.2.0` without its version. */
function withoutVersion(name: string): string {
  const at = name.indexOf('@');
  return at < 0 ? name : name.slice(0, at);
}

function checkInterfaces(info: ComponentInfo, manifest: ModuleManifest, findings: Findings): void {
  const { reasons } = findings;
  const granted = new Set(manifest.capabilities);
  for (const { name, kind, resource } of info.imports) {
    const plain = withoutVersion(name);
    if (kind === 'type') {
      // An equality with a known type brings nothing in.
      if (resource) reasons.add('IMPORT_KIND');
      continue;
    }
    if (kind !== 'instance') reasons.add(kind === 'func' ? 'IMPORT_NAME' : 'IMPORT_KIND');
    if (!plain.startsWith('wasi:')) {
      reasons.add('IMPORT_MODULE');
      continue;
    }
    const random = manifest.deterministic === true && !DETERMINISTIC_INTERFACES.test(plain);
    if (!(granted.has(plain) || granted.has(name)) || random) reasons.add('CAPABILITY');
  }
  if (manifest.entry === undefined) return;
  const entry = info.exports.find(
    ({ name }) => name === manifest.entry || withoutVersion(name) === manifest.entry,
  );
  if (entry === undefined) reasons.add('EXPORT_MISSING');
  else if (entry.kind !== 'func' && entry.kind !== 'instance') reasons.add('EXPORT_KIND');
}

/** `codes` has one entry for each embedded module, undefined where the walk stopped. */
export function analyseComponent(
  bytes: Uint8Array,
  info: ComponentInfo,
  codes: readonly (CodeFacts | undefined)[],
  manifest: ModuleManifest,
  policy: GuardianPolicy,
  secrets: SecretDetector,
  findings: Findings,
): Record<string, unknown> {
  const totals = emptyTotals();
  totals.customSections = info.customSections;
  totals.customBytes = info.customBytes;
  let dataBytes = 0;
  let highEntropyWindows = 0;
  let instructions = 0;
  let moduleInstances = 0;
  info.modules.forEach((module, index) => {
    addTotals(totals, module.info, module.instances, policy);
    checkModule(module.info, policy, findings);
    const data = checkData(bytes, module.info, policy, secrets, findings);
    dataBytes += data.dataBytes ?? 0;
    highEntropyWindows += data.highEntropyWindows ?? 0;
    moduleInstances += module.instances;
    const code = codes[index];
    if (code === undefined) return;
    checkCode(code, findings);
    instructions += code.instructions;
  });
  // Imports inside are wired to other parts of the component; the outermost ones meet the host.
  totals.imports = info.imports.length;
  checkTotals(totals, policy, findings);
  checkInterfaces(info, manifest, findings);
  // What cannot be counted cannot be kept within limits.
  if (info.opaqueInstances) findings.reasons.add('IMPORT_KIND');
  if (info.imports.length === 0) findings.flags.add('PURE');
  // Calls across instances go through the canonical ABI, which is not followed.
  findings.flags.add('COST_UNBOUNDED');
  findings.flags.add('STACK_UNBOUNDED');
  if (policy.maximumCost !== null) findings.reasons.add('COST');
  if (policy.maximumStackSlots !== null) findings.reasons.add('STACK');
  return {
    kind: 'component',
    bytes: bytes.length,
    modules: info.modules.length,
    moduleInstances: Math.min(moduleInstances, Number.MAX_SAFE_INTEGER),
    functions: Math.min(totals.functions, Number.MAX_SAFE_INTEGER),
    imports: totals.imports,
    exports: info.exports.length,
    memoryPages: Math.min(totals.memoryPages, Number.MAX_SAFE_INTEGER),
    tableEntries: Math.min(totals.tableEntries, Number.MAX_SAFE_INTEGER),
    customSections: totals.customSections,
    customBytes: totals.customBytes,
    instructions,
    dataBytes,
    highEntropyWindows,
  };
}
