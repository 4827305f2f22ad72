/**
 * Writes the schemas of nmp.node.json and of egress policies to docs/schemas, the former also into
 * that of the Helm chart's values. Usage: node scripts/data/node-schema.ts
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { egressPolicySchemaFile } from '../../shared/policy/egress-policy.ts';
import { nodeConfigSchemaFile } from '../../shared/policy/node-config.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'docs', 'schemas');
mkdirSync(folder, { recursive: true });
/** The chart's schema refers to the node's by its name, which makes it a resource of its own there. */
const values = join(root, 'deploy', 'helm', 'nmp-enclave', 'values.schema.json');
function valuesSchemaFile(): string {
  const schema: object = JSON.parse(readFileSync(values, 'utf8'));
  const node = { $id: 'nmp.node.schema.json', ...JSON.parse(nodeConfigSchemaFile()) };
  return JSON.stringify({ ...schema, $defs: { node } });
}

const files = [
  [join(folder, 'nmp.node.schema.json'), nodeConfigSchemaFile()],
  [join(folder, 'egress-policy.schema.json'), egressPolicySchemaFile()],
  [values, valuesSchemaFile()],
] as const;
for (const [file, text] of files) writeFileSync(file, text);
const biome = join(root, 'node_modules', '.bin', 'biome');
const paths = files.map(([file]) => file);
process.exitCode =
  spawnSync(biome, ['format', '--write', ...paths], { stdio: 'inherit' }).status ?? 1;
