/** Writes docs/schemas/nmp.node.schema.json from the zod schema. Usage: node scripts/data/node-schema.ts */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeConfigSchemaFile } from '../../shared/policy/node-config.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'docs', 'schemas');
const file = join(folder, 'nmp.node.schema.json');
mkdirSync(folder, { recursive: true });
writeFileSync(file, nodeConfigSchemaFile());
const biome = join(root, 'node_modules', '.bin', 'biome');
process.exitCode = spawnSync(biome, ['format', '--write', file], { stdio: 'inherit' }).status ?? 1;
