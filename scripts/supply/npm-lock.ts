/** What package-lock.json promises of each package (lockfile version 3). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Component } from '../../enclave/image/sbom.ts';

export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  /** `sha512-…`; missing only for packages of other platforms, which are never installed. */
  readonly integrity?: string;
  readonly license?: string;
  /** Only for development: not installed beside the published package. */
  readonly dev: boolean;
  readonly optional: boolean;
  readonly hasInstallScript: boolean;
  /** Where the lockfile says that it comes from, if it does. */
  readonly resolved?: string;
}

export function lockedPackages(root: string): LockedPackage[] {
  const lock: { packages: Record<string, Record<string, unknown>> } = JSON.parse(
    readFileSync(join(root, 'package-lock.json'), 'utf8'),
  );
  return Object.entries(lock.packages)
    .filter(([folder]) => folder !== '')
    .map(([folder, facts]) => {
      const text = (field: string) =>
        typeof facts[field] === 'string' ? { [field]: facts[field] } : {};
      return {
        // `name` is there only where a package is installed under another name.
        name: String(facts.name ?? folder.split('node_modules/').at(-1)),
        version: String(facts.version),
        ...text('integrity'),
        ...text('license'),
        ...text('resolved'),
        dev: facts.dev === true || facts.devOptional === true,
        optional: facts.optional === true,
        hasInstallScript: facts.hasInstallScript === true,
      };
    });
}

/** CycloneDX 1.6 of what comes with the published package: npm's part, and the crates' if built. */
export function packageSbom(init: {
  readonly name: string;
  readonly version: string;
  readonly tarballSha256: string;
  readonly npm: readonly LockedPackage[];
  readonly crates: readonly Component[];
}): Record<string, unknown> {
  const npm = init.npm
    .filter((one) => !one.dev && one.integrity !== undefined)
    .map(({ name, version, integrity = '', license }) => ({
      type: 'library',
      name,
      version,
      purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
      hashes: [
        {
          alg: 'SHA-512',
          content: Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex'),
        },
      ],
      ...(license && { licenses: [{ expression: license.replace(/^\((.*)\)$/, '$1') }] }),
    }));
  // One version may lie in several folders.
  const components = new Map([...npm, ...init.crates].map((one) => [one.purl, one]));
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        name: init.name,
        version: init.version,
        purl: `pkg:npm/${init.name}@${init.version}`,
        hashes: [{ alg: 'SHA-256', content: init.tarballSha256 }],
      },
    },
    components: [...components.values()].toSorted((a, b) =>
      a.purl < b.purl ? -1 : a.purl > b.purl ? 1 : 0,
    ),
  };
}
