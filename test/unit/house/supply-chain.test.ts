/** What the lockfiles and the manifest must say, so that nothing unexpected is installed or run. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockedPackages, packageSbom } from '../../../scripts/supply/npm-lock.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const text = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');
const manifest: {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
} = JSON.parse(text('package.json'));
const locked = lockedPackages(root);

/** Licences that may be installed beside the published package. */
const LICENCES = new Set([
  ...['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT'],
  ...['Apache-2.0 WITH LLVM-exception', 'Python-2.0', 'Unlicense', 'MPL-2.0'],
]);

describe('npm', () => {
  it('is asked for exact versions', () => {
    const asked = { ...manifest.dependencies, ...manifest.devDependencies };
    const loose = Object.entries(asked).filter(([, v]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(v));
    expect(loose).toEqual([]);
  });

  it('has a SHA-512 for every package that can be installed on this platform', () => {
    const without = locked.filter((one) => !/^sha512-[\w+/]{86}==$/.test(one.integrity ?? ''));
    expect(without.filter((one) => !one.optional)).toEqual([]);
  });

  it('names no place from which a package would come but the registry in use', () => {
    expect(locked.filter((one) => one.resolved !== undefined)).toEqual([]);
  });

  it('runs install scripts only of packages that are decided on by name', () => {
    const found = locked.filter((one) => one.hasInstallScript).map((one) => one.name);
    const decided = Object.keys(manifest.allowScripts);
    // esbuild's only checks the program that its own optional package brings.
    expect(found.filter((name) => !decided.includes(name))).toEqual(['esbuild']);
    expect(decided.filter((name) => !found.includes(name))).toEqual([]);
    const allowed = decided.filter((name) => manifest.allowScripts[name]);
    expect(allowed).toEqual(['node']);
  });

  it('is started with scripts off, and only the allowed ones are made up for', () => {
    const install = text('scripts', 'supply', 'install.sh');
    expect(install).toMatch(/^npm ci --ignore-scripts /m);
    expect([...install.matchAll(/^npm rebuild (.*?) --/gm)].map((m) => m[1])).toEqual(['node']);
    const others = text('Makefile').match(/npm (ci|install|i)\b(?!.*--ignore-scripts).*/g) ?? [];
    expect(others.filter((line) => !line.startsWith('npm ci (about'))).toEqual([]);
  });

  it('brings only licences that are agreed on into the published package', () => {
    const strange = locked
      .filter((one) => !one.dev && one.integrity !== undefined)
      .filter(({ license = '' }) => {
        const terms = license.replaceAll(/[()]/g, '').split(/ (?:OR|AND) /);
        return !terms.some((term) => LICENCES.has(term));
      })
      .map((one) => one.name);
    expect([...new Set(strange)].toSorted()).toEqual(NO_FIELD);
  });
});

/** Packages whose manifest has no licence field; their licence files were read: Apache-2.0. */
const NO_FIELD: readonly string[] = ['@bytecodealliance/componentize-js'];

describe('the pinned Node program', () => {
  const check = (path: string) =>
    execFileSync('bash', [join(root, 'scripts', 'supply', 'pinned-node.sh'), path], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });

  it('is the one installed, and another is refused', { timeout: 30_000 }, () => {
    const node = join(root, 'node_modules', 'node', 'bin', 'node');
    check(node);
    if (process.platform !== 'linux' || process.arch !== 'x64') return;
    const folder = mkdtempSync(join(tmpdir(), 'nmp-node-'));
    try {
      const other = join(folder, 'node');
      copyFileSync(node, other);
      writeFileSync(other, '\0', { flag: 'a' });
      expect(() => check(other)).toThrow(/not the pinned one/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('crates', () => {
  const locks = globSync(['native/**/Cargo.lock', 'test/oracle/**/Cargo.lock'], {
    cwd: root,
    exclude: ['**/.patched/**', '**/target/**'],
  });

  it.each(locks)('of %s come from one registry, each with its checksum', (lock) => {
    const blocks = text(lock).split('[[package]]').slice(1);
    expect(blocks.length).toBeGreaterThan(1);
    const foreign = blocks
      .map((block) => ({
        name: /^name = "(.+)"$/m.exec(block)?.[1],
        source: /^source = "(.+)"$/m.exec(block)?.[1],
        checksum: /^checksum = "([0-9a-f]{64})"$/m.exec(block)?.[1],
      }))
      // Without a source: ours, or a patched copy under native/.
      .filter(({ source }) => source !== undefined)
      .filter(
        ({ source, checksum }) =>
          source !== 'registry+https://github.com/rust-lang/crates.io-index' || !checksum,
      );
    expect(foreign).toEqual([]);
  });
});

describe('the bill of materials', () => {
  const sbom = (npm: typeof locked) =>
    packageSbom({ name: 'p', version: '1.0.0', tarballSha256: '00', npm, crates: [] });
  const base = { version: '1.0.0', dev: false, optional: false, hasInstallScript: false };
  const integrity = `sha512-${Buffer.alloc(64, 1).toString('base64')}`;

  it('names what is installed with its hash, once, sorted, and nothing else', () => {
    const { components } = sbom([
      { ...base, name: 'zeta', integrity, license: '(MIT OR ISC)' },
      { ...base, name: '@a/b', integrity },
      { ...base, name: '@a/b', integrity },
      { ...base, name: 'tool', integrity, dev: true },
      { ...base, name: 'elsewhere', optional: true },
    ]);
    const hashes = [{ alg: 'SHA-512', content: '01'.repeat(64) }];
    expect(components).toEqual([
      { type: 'library', name: '@a/b', version: '1.0.0', purl: 'pkg:npm/%40a/b@1.0.0', hashes },
      {
        ...{ type: 'library', name: 'zeta', version: '1.0.0', purl: 'pkg:npm/zeta@1.0.0', hashes },
        licenses: [{ expression: 'MIT OR ISC' }],
      },
    ]);
  });
});
