/** Writes the table of files in docs/image.md: node scripts/image/docs.ts NATIVE_FOLDER */
import { readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { imageContents } from '../../enclave/image/contents.ts';
import { fileTable } from '../../enclave/image/file-table.ts';

const root = join(import.meta.dirname, '..', '..');
const file = join(root, 'docs', 'image.md');
const { boot, application } = await imageContents({
  root,
  native: process.argv[2] ?? join(root, 'build', 'image', 'native'),
  cache: process.env.NMP_CACHE ?? join(homedir(), '.cache', 'nmp-enclave'),
  config: join(root, 'examples', 'nmp.node.json'),
  profile: 'release',
  version: 'this release',
});
const text = readFileSync(file, 'utf8');
const table = fileTable({ boot, application });
writeFileSync(
  file,
  text.replace(
    /(<!-- files -->\n)[\s\S]*?(\n<!-- \/files -->)/,
    (_, open, close) => `${open}${table}${close}`,
  ),
);
