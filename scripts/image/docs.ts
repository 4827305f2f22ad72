/** Writes the tables of files in docs/image.md: node scripts/image/docs.ts NATIVE_FOLDER */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageContents } from '../../enclave/image/contents.ts';
import { addedTable, fileTable } from '../../enclave/image/file-table.ts';

const root = join(import.meta.dirname, '..', '..');
const file = join(root, 'docs', 'image.md');
const contentsOf = (folder: string) =>
  imageContents({
    root,
    native: process.argv[2] ?? join(root, 'build', 'image', 'native'),
    prover: join(root, 'build', 'native', 'nmp-zk-prover'),
    cache: process.env.NMP_CACHE ?? join(homedir(), '.cache', 'nmp-enclave'),
    config: join(folder, 'nmp.node.json'),
    profile: 'release',
    version: 'this release',
  });
const parts = await contentsOf(join(root, 'examples'));
// Of no capability, but with provers elsewhere.
const far = mkdtempSync(join(tmpdir(), 'nmp-image-'));
const none = { version: 1, datasets: [], capabilities: [], provers: {} };
writeFileSync(join(far, 'nmp.node.json'), JSON.stringify(none));
const others = [
  await contentsOf(join(root, 'test', 'support', 'quic')),
  await contentsOf(join(root, 'examples', 'receipt')),
  await contentsOf(far),
];
rmSync(far, { recursive: true });
const tables = { files: fileTable(parts), added: addedTable(parts, others) };
let text = readFileSync(file, 'utf8');
for (const [name, table] of Object.entries(tables)) {
  text = text.replace(
    new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(\\n<!-- /${name} -->)`),
    (_, open, close) => `${open}${table}${close}`,
  );
}
writeFileSync(file, text);
