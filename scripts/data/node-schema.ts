/** Writes the schemas of nmp.node.json and of egress policies to docs/schemas. Usage: node scripts/data/node-schema.ts */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { egressPolicySchemaFile } from '../../shared/policy/egress-policy.ts';
import { nodeConfigSchemaFile } from '../../shared/policy/node-config.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'docs', 'schemas');
mkdirSync(folder, { recursive: true });
const files = [
  [join(folder, 'nmp.node.schema.json'), nodeConfigSchemaFile()],
  [join(folder, 'egress-policy.schema.json'), egressPolicySchemaFile()],
] as const;
for (const [file, text] of files) writeFileSync(file, text);
const biome = join(root, 'node_modules', '.bin', 'biome');
const paths = files.map(([file]) => file);
process.exitCode =
  spawnSync(biome, ['format', '--write', ...paths], { stdio: 'inherit' }).status ?? 1;
