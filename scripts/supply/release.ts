/**
 * A release without publishing it: the package is built and packed twice from what is committed, in
 * two folders, time zones and umasks; equal bytes, a bill of materials and SHA256SUMS go to
 * build/release. Usage: node scripts/supply/release.ts [--allow-dirty]
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { crateComponents } from '../../enclave/image/crates.ts';
import { lockedPackages, packageSbom } from './npm-lock.ts';

const root = resolve(import.meta.dirname, '..', '..');
const out = join(root, 'build', 'release');
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

const git = (...args: string[]) =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
const dirty = git('status', '--porcelain');
if (dirty !== '' && !process.argv.includes('--allow-dirty')) {
  fail(`not committed:\n${dirty}\nA release is made of what is committed.`);
}

/** Packs the committed sources in a folder of their own. @returns path of the tarball */
function pack(umask: string, timeZone: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'nmp-release-'));
  const script = [
    `umask ${umask}`,
    `git -C "$NMP_ROOT" archive HEAD | tar -x -C "${folder}"`,
    `ln -s "$NMP_ROOT/node_modules" "${folder}/node_modules"`,
    `cd "${folder}"`,
    'npx --no-install node scripts/build.ts ts',
    // npm keeps the modes that it finds, and those are the umask's.
    `find "${folder}" -path "${folder}/node_modules" -prune -o -exec chmod u=rwX,go=rX {} +`,
    'npm pack --ignore-scripts --silent --loglevel=error',
  ].join(' && ');
  execFileSync('bash', ['-euc', script], {
    env: { ...process.env, NMP_ROOT: root, TZ: timeZone },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  return tarball === undefined ? fail('npm packed nothing') : join(folder, tarball);
}

const first = pack('022', 'UTC');
const second = pack('077', 'Asia/Kolkata');
const bytes = readFileSync(first);
const digest = sha256(bytes);
if (sha256(readFileSync(second)) !== digest) {
  fail(`two builds differ: compare ${first} and ${second}`);
}

const content = gunzipSync(bytes);
for (const trace of [root, homedir(), tmpdir()].filter((path) => path.length > 4)) {
  if (content.includes(`${trace}/`)) fail(`the tarball names a folder of this machine: ${trace}`);
}

const { name, version }: { name: string; version: string } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);
const sbom = packageSbom({
  name,
  version,
  tarballSha256: digest,
  npm: lockedPackages(root),
  crates: crateComponents(root, ['native', 'verifier']),
});
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const tarball = `${name}-${version}.tgz`;
copyFileSync(first, join(out, tarball));
writeFileSync(join(out, 'sbom.cdx.json'), `${JSON.stringify(sbom, null, 2)}\n`);
const sums = [tarball, 'sbom.cdx.json'].map(
  (file) => `${sha256(readFileSync(join(out, file)))}  ${file}\n`,
);
writeFileSync(join(out, 'SHA256SUMS'), sums.join(''));
for (const path of [first, second]) rmSync(join(path, '..'), { recursive: true, force: true });
process.stderr.write(`commit ${git('rev-parse', 'HEAD')}, packed twice alike; nothing published\n`);
process.stdout.write(sums.join(''));
