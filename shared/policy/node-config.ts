/** Reads `nmp.node.json`: schema, then the rules that tie its parts to one another. */
import { z } from 'zod';
import { NmpError } from '../errors.ts';
import { nestsWithin } from '../wire/canonical-json.ts';
import { ipBytes } from './ip-range.ts';
import { type DatasetConfig, type NodeConfig, nodeConfigSchema } from './node-config-schema.ts';
import { VALUE_SCHEMA_DEPTH_MAX } from './node-config-value.ts';
import type { ValueSchema } from './value-schema.ts';

export type {
  CapabilityConfig,
  CellType,
  DatasetConfig,
  NodeConfig,
  SealedConfig,
  ViewDefinition,
} from './node-config-schema.ts';

/** Longest configuration file, characters. */
export const CONFIG_CHARS_MAX = 1_048_576;
/** Deepest nesting of the file: room for the deepest value schema. */
const CONFIG_DEPTH_MAX = 64;
const ISSUES_SHOWN = 8;

type Path = readonly PropertyKey[];

/** `$.capabilities[0].limits.fuel` */
function jsonPath(path: Path): string {
  let out = '$';
  for (const part of path) {
    if (typeof part === 'number') out += `[${part}]`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(String(part))) out += `.${String(part)}`;
    else out += `[${JSON.stringify(String(part))}]`;
  }
  return out;
}

function fail(file: string, problems: readonly { path: Path; message: string }[]): never {
  const lines = problems
    .slice(0, ISSUES_SHOWN)
    .map(({ path, message }) => `${file}: ${jsonPath(path)}: ${message}`);
  if (problems.length > ISSUES_SHOWN) lines.push(`… and ${problems.length - ISSUES_SHOWN} more`);
  throw new NmpError('CONFIG_INVALID', lines.join('\n'));
}

/** True if `issue` says that the value is of another form than the branch at hand describes. */
function otherForm(issue: z.core.$ZodIssue): boolean {
  if (issue.path[0] === 'type') return true;
  if (issue.code === 'unrecognized_keys') return issue.keys.includes('type');
  return issue.code === 'invalid_type' && issue.path.length === 0;
}

/** Of a failed union only the branch that the value means to be is worth showing. */
function flatten(issue: z.core.$ZodIssue, base: Path = []): { path: Path; message: string }[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'invalid_union') {
    const meant = issue.errors
      .filter((branch) => branch.length > 0 && !branch.some(otherForm))
      .toSorted((a, b) => a.length - b.length)[0];
    if (meant !== undefined) return meant.flatMap((inner) => flatten(inner, path));
    return [{ path, message: 'fits none of the allowed forms' }];
  }
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], message: 'unknown key' }));
  }
  return [{ path, message: issue.message }];
}

/** Whether any capability offers ZK receipts, so that the node needs the prover. */
export function offersProofs({ capabilities }: NodeConfig): boolean {
  return capabilities.some(({ proofModes }) => proofModes.includes('stark-composite'));
}

/** Names of the columns that a dataset has, in order. */
export function declaredColumns(dataset: DatasetConfig): readonly string[] {
  return dataset.format === 'fhir-ndjson'
    ? dataset.view.select.flatMap((part) => part.column.map((column) => column.name))
    : dataset.columns.map((column) => column.name);
}

function valueDepth(schema: ValueSchema): number {
  if ('anyOf' in schema) return Math.max(...schema.anyOf.map(valueDepth));
  if (schema.type === 'array') return 1 + valueDepth(schema.items);
  if (schema.type === 'object') {
    return 1 + Math.max(0, ...Object.values(schema.properties).map(valueDepth));
  }
  return 1;
}

/** An integer that every answer has: whether one is there would tell something without noise. */
function isRequiredInteger(output: ValueSchema, name: string): boolean {
  if ('anyOf' in output || output.type !== 'object') return false;
  if (!Object.hasOwn(output.properties, name)) return false;
  const property = output.properties[name];
  if (property === undefined || 'anyOf' in property) return false;
  return property.type === 'integer' && (output.required ?? []).includes(name);
}

/** What the schema of a single part cannot say. */
function crossCheck(config: NodeConfig): { path: Path; message: string }[] {
  const problems: { path: Path; message: string }[] = [];
  if (config.quic && ipBytes(config.listen.host) === undefined) {
    problems.push({ path: ['listen', 'host'], message: 'QUIC needs an IP address' });
  }
  const datasets = new Map<string, ReadonlySet<string>>();
  config.datasets.forEach((dataset, at) => {
    const names = declaredColumns(dataset);
    const path = ['datasets', at];
    if (datasets.has(dataset.id)) problems.push({ path: [...path, 'id'], message: 'used twice' });
    datasets.set(dataset.id, new Set(names));
    if (new Set(names).size !== names.length) {
      problems.push({ path, message: 'a column name is used twice' });
    }
  });
  const capabilities = new Set<string>();
  config.capabilities.forEach((capability, at) => {
    const path = ['capabilities', at];
    const key = `${capability.name}@${capability.version}`;
    if (capabilities.has(key)) problems.push({ path, message: `${key} is declared twice` });
    capabilities.add(key);
    const granted = new Set<string>();
    capability.datasets.forEach((grant, index) => {
      const where = [...path, 'datasets', index];
      const columns = datasets.get(grant.id);
      if (columns === undefined) {
        problems.push({ path: [...where, 'id'], message: 'no dataset has this id' });
      }
      if (granted.has(grant.id))
        problems.push({ path: [...where, 'id'], message: 'granted twice' });
      granted.add(grant.id);
      if (new Set(grant.columns).size !== grant.columns.length) {
        problems.push({ path: [...where, 'columns'], message: 'a column is granted twice' });
      }
      grant.columns.forEach((name, column) => {
        if (columns !== undefined && !columns.has(name)) {
          problems.push({
            path: [...where, 'columns', column],
            message: 'the dataset has no such column',
          });
        }
      });
    });
    for (const side of ['input', 'output'] as const) {
      if (valueDepth(capability[side]) > VALUE_SCHEMA_DEPTH_MAX) {
        problems.push({
          path: [...path, side],
          message: `nested deeper than ${VALUE_SCHEMA_DEPTH_MAX}`,
        });
      }
    }
    for (const name of Object.keys(capability.egress.privacy?.fields ?? {})) {
      if (!isRequiredInteger(capability.output, name)) {
        problems.push({
          path: [...path, 'egress', 'privacy', 'fields', name],
          message: 'the output has no required integer of this name: it would get no noise',
        });
      }
    }
    if (new Set(capability.proofModes).size !== capability.proofModes.length) {
      problems.push({ path: [...path, 'proofModes'], message: 'a mode is named twice' });
    }
  });
  return problems;
}

/**
 * @param text content of the file, at most 1 Mi characters
 * @param file its name as the reader knows it, for messages
 * @throws NmpError CONFIG_INVALID naming file, JSON path and what is wrong there
 */
export function parseNodeConfig(text: string, file: string): NodeConfig {
  if (text.length > CONFIG_CHARS_MAX) {
    fail(file, [{ path: [], message: `longer than ${CONFIG_CHARS_MAX} characters` }]);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // The engine's own message quotes the text, which may hold a salt: only the place is kept.
    const place = /line \d+ column \d+/.exec(String(cause))?.[0] ?? 'its end';
    throw new NmpError('CONFIG_INVALID', `${file}: not JSON at ${place}`);
  }
  if (!nestsWithin(value, CONFIG_DEPTH_MAX)) {
    fail(file, [{ path: [], message: `nested deeper than ${CONFIG_DEPTH_MAX}` }]);
  }
  const parsed = nodeConfigSchema.safeParse(value);
  if (!parsed.success)
    fail(
      file,
      parsed.error.issues.flatMap((issue) => flatten(issue)),
    );
  const problems = crossCheck(parsed.data);
  if (problems.length > 0) fail(file, problems);
  return parsed.data;
}

/** The JSON Schema (2020-12) of the file, for editors, as docs/schemas holds it. */
export function nodeConfigSchemaFile(): string {
  const schema = z.toJSONSchema(nodeConfigSchema, { io: 'input' });
  const titled = { title: 'nmp.node.json', ...schema };
  return `${JSON.stringify(titled, null, 2)}\n`;
}
