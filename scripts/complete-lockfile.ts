/**
 * Names in package-lock.json the optional packages of other platforms that a partial registry does
 * not serve; without them `npm ci` takes the lockfile for stale. Run on a lockfile made in an empty
 * folder (`npm install --package-lock-only`). They carry no hash and are never installed here: their
 * os, cpu and libc, read off their names, do not fit.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Entry {
  version?: string;
  dev?: boolean;
  optionalDependencies?: Record<string, string>;
  [field: string]: unknown;
}

const file = process.argv[2] ?? join(import.meta.dirname, '..', 'package-lock.json');
const lock: { packages: Record<string, Entry> } = JSON.parse(readFileSync(file, 'utf8'));
const { packages } = lock;

const SYSTEMS = 'android darwin freebsd openharmony win32 linux netbsd openbsd sunos aix'.split(
  ' ',
);
const CPUS = 'arm64 x64 ia32 arm ppc64 riscv64 s390x loong64 wasm32'.split(' ');

function platformOf(name: string): Record<string, string[]> {
  const parts = (name.split('/').at(-1) ?? '').split('-');
  const os = SYSTEMS.filter((system) => parts.includes(system));
  const cpu = CPUS.filter((one) => parts.includes(one));
  const libc = parts.some((part) => part.startsWith('musl'))
    ? ['musl']
    : parts.some((part) => part.startsWith('gnu'))
      ? ['glibc']
      : [];
  const fields = { os, cpu, libc };
  return Object.fromEntries(Object.entries(fields).filter(([, values]) => values.length > 0));
}

/** Where node looks for `name` from the package at `path`, nearest first. */
function places(path: string, name: string): string[] {
  const steps = path.split('/node_modules/');
  const above = steps.map((_, i) => steps.slice(0, steps.length - i).join('/node_modules/'));
  return [...above.map((step) => `${step}/node_modules/${name}`), `node_modules/${name}`];
}

let added = 0;
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
  for (const [name, wanted] of Object.entries(optionalDependencies)) {
    const version = wanted.replace(/^[\^~]/, '');
    const exact = version === wanted;
    const known = places(path, name).map((place) => packages[place]?.version);
    if (known.some((found) => found !== undefined && (!exact || found === version))) continue;
    const top = `node_modules/${name}`;
    const place = packages[top] === undefined ? top : `${path}/node_modules/${name}`;
    const entry = { version, ...(dev ? { dev } : {}), optional: true, ...platformOf(name) };
    packages[place] = entry;
    added++;
  }
}
lock.packages = Object.fromEntries(
  Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
process.stderr.write(`${added} entries added\n`);
