/** The image's bill of materials as CycloneDX 1.6: without times and serial numbers, so repeatable. */
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
  readonly licenses?: readonly { readonly expression: string }[];
  /** Only of what is not as it was published. */
  readonly pedigree?: { readonly notes: string };
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
