/** Writes docs/schemas/guard-*.schema.json from the zod schemas. Usage: node scripts/guardian/schemas.ts */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { guardSchemaFiles } from '../../enclave/guardian/policy-schema.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'docs', 'schemas');
mkdirSync(folder, { recursive: true });
const files = Object.entries(guardSchemaFiles()).map(([name, text]) => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
});
const biome = join(root, 'node_modules', '.bin', 'biome');
process.exitCode =
  spawnSync(biome, ['format', '--write', ...files], { stdio: 'inherit' }).status ?? 1;
