/** Helm and the schemas of Kubernetes, as scripts/deploy/helm.sh left them in the cache. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { parse, parseAllDocuments } from 'yaml';

const ROOT = join(import.meta.dirname, '..', '..');
const CACHE = process.env.NMP_CACHE ?? join(homedir(), '.cache', 'nmp-enclave');
const SCRIPT = readFileSync(join(ROOT, 'scripts', 'deploy', 'helm.sh'), 'utf8');
const pinned = (name: string) => new RegExp(`^${name}=(.+)$`, 'm').exec(SCRIPT)?.[1] ?? '';
const HELM = join(CACHE, `helm-${pinned('HELM')}`, 'helm');
const SCHEMAS = join(CACHE, `kubernetes-validate-${pinned('SCHEMAS')}`, 'kubernetes_validate');

export const CHART = join(ROOT, 'deploy', 'helm', 'nmp-enclave');
export const hasHelm = existsSync(HELM);
export const hasSchemas = existsSync(SCHEMAS);

export type Tree = { readonly [key: string]: unknown };

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `at(tree, 'spec', 'ports', 0)`: undefined where there is nothing. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined,
    value,
  );
}

export function readValues(name: string): Tree {
  const values: unknown = parse(readFileSync(join(CHART, 'ci', `${name}-values.yaml`), 'utf8'));
  if (!isTree(values)) throw new Error(`${name}-values.yaml is no map`);
  return values;
}

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs helm on the chart with these values; it may not look at any cluster or configuration. */
export function helm(command: readonly string[], values: Tree): Outcome {
  const home = mkdtempSync(join(tmpdir(), 'nmp-helm-'));
  try {
    const file = join(home, 'values.json');
    writeFileSync(file, JSON.stringify(values));
    return spawnSync(HELM, [...command, '-f', file], {
      encoding: 'utf8',
      env: { HOME: home, KUBECONFIG: join(home, 'none') },
      timeout: 60_000,
    });
  } finally {
    rmSync(home, { recursive: true });
  }
}

export const template = (values: Tree, chart = CHART) =>
  helm(['template', 'trial', chart, '--namespace', 'nodes', '--kube-version', '1.34.0'], values);

/** The rendered documents. @throws Error if helm refuses, or if a text holds no YAML */
export function render(values: Tree, chart = CHART): readonly Tree[] {
  const { status, stdout, stderr } = template(values, chart);
  if (status !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    const tree: unknown = document.toJS();
    if (!isTree(tree)) throw new Error('an empty document was rendered');
    return tree;
  });
}

export const nameOf = (document: Tree) => `${document.kind}/${at(document, 'metadata', 'name')}`;

export function find(documents: readonly Tree[], name: string): Tree {
  const found = documents.find((document) => nameOf(document) === name);
  if (found === undefined) throw new Error(`no ${name} among ${documents.map(nameOf).join(', ')}`);
  return found;
}

/** The strict schema of a resource in one release of Kubernetes; undefined where it has none. */
export function schemaOf(release: string, document: Tree): ValidateFunction | undefined {
  const folder = join(SCHEMAS, 'kubernetes-json-schema', `v${release}.0-local-strict`);
  const version = String(document.apiVersion).replace(/^([^./]*)(?:\.[^/]*)?\//, '$1-');
  const file = join(folder, `${String(document.kind).toLowerCase()}-${version}.json`);
  if (!existsSync(file)) return undefined;
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  const definitions: unknown = JSON.parse(readFileSync(join(folder, '_definitions.json'), 'utf8'));
  if (!isTree(definitions)) throw new Error('no definitions');
  ajv.addSchema(definitions);
  const schema: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!isTree(schema)) throw new Error('no schema');
  return ajv.compile(schema);
}
