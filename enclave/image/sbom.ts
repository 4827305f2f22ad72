/** The image's bill of materials as CycloneDX 1.6: without times and serial numbers, so repeatable. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NmpError } from '../../shared/errors.ts';
import { SCRIPT_ENGINE_CRATE, SCRIPT_ENGINE_SHA256 } from '../../shared/script/engine.ts';
import type { ImageManifest } from './build.ts';
import type { Bundle } from './bundle.ts';
import { DEBIAN, KERNEL, NODE } from './pins.ts';

export interface Component {
  readonly type: 'library' | 'application' | 'operating-system';
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

/** The crates that end up in these programs and addons. */
const CRATES = ['nmp-agent', 'nmp-guard', 'nmp-sandbox', 'nmp-scan'];

/** Checksums by `name version`, from Cargo.lock. */
function checksums(lock: string): ReadonlyMap<string, string> {
  const all = new Map<string, string>();
  for (const block of lock.split('[[package]]')) {
    const field = (name: string) => new RegExp(`^${name} = "([^"]+)"$`, 'm').exec(block)?.[1];
    const checksum = field('checksum');
    if (checksum !== undefined) all.set(`${field('name')} ${field('version')}`, checksum);
  }
  return all;
}

/** Crates that are compiled in, not those that only build. @throws NmpError IMAGE_INPUT */
export function crateComponents(root: string): Component[] {
  const manifest = join(root, 'native', 'Cargo.toml');
  const packages = CRATES.flatMap((name) => ['-p', name]);
  let tree: string;
  try {
    tree = execFileSync(
      'cargo',
      [
        ...['tree', '--locked', '--manifest-path', manifest, '--edges', 'normal'],
        ...['--prefix', 'none', '--format', '{p}', ...packages],
      ],
      { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024, stdio: ['ignore', 'pipe', 'ignore'] },
    );
  } catch (cause) {
    throw new NmpError('IMAGE_INPUT', 'cargo cannot list the crates.', { cause });
  }
  const known = checksums(readFileSync(join(root, 'native', 'Cargo.lock'), 'utf8'));
  const found = new Map<string, Component>();
  for (const line of tree.split('\n')) {
    const [, name, version] = /^(\S+) v(\S+)/.exec(line) ?? [];
    if (name === undefined || version === undefined) continue;
    const sha256 = known.get(`${name} ${version}`);
    found.set(`${name} ${version}`, {
      type: 'library',
      name,
      version,
      purl: `pkg:cargo/${name}@${version}`,
      ...(sha256 && { hashes: [{ alg: 'SHA-256', content: sha256 }] }),
    });
  }
  return [...found.values()];
}

function debian(name: string, version: string, sha256: string, type: Component['type']): Component {
  return {
    type,
    name,
    version,
    purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}`,
    hashes: [{ alg: 'SHA-256', content: sha256 }],
  };
}

export interface SbomInit {
  readonly manifest: ImageManifest;
  readonly bundle: Bundle;
  readonly crates: readonly Component[];
}

export function sbomOf({ manifest, bundle, crates }: SbomInit): Record<string, unknown> {
  const components: Component[] = [
    // The hashes of the kernel and of the script engine are those of what was built.
    debian(KERNEL.package, KERNEL.version, manifest.kernel.sha256, 'operating-system'),
    ...DEBIAN.map((pin) => debian(pin.package, pin.version, pin.sha256, 'library')),
    {
      type: 'application',
      name: NODE.package,
      version: NODE.version,
      purl: `pkg:npm/${NODE.package}@${NODE.version}`,
      hashes: [{ alg: 'SHA-256', content: NODE.sha256 }],
    },
    {
      type: 'library',
      name: SCRIPT_ENGINE_CRATE.name,
      version: SCRIPT_ENGINE_CRATE.version,
      purl: `pkg:cargo/${SCRIPT_ENGINE_CRATE.name}@${SCRIPT_ENGINE_CRATE.version}`,
      hashes: [{ alg: 'SHA-256', content: SCRIPT_ENGINE_SHA256 }],
    },
    ...bundle.packages.map(({ name, version, integrity }): Component => {
      const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
      const sha512 = Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex');
      const hashes = [{ alg: 'SHA-512', content: sha512 }];
      return { type: 'library', name, version, purl, hashes };
    }),
    ...crates,
  ];
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'firmware',
        name: 'nmp-enclave image',
        version: manifest.pcrs.PCR0,
        hashes: [{ alg: 'SHA-256', content: manifest.image.sha256 }],
      },
    },
    components: components.toSorted((a, b) => (a.purl < b.purl ? -1 : a.purl > b.purl ? 1 : 0)),
  };
}
