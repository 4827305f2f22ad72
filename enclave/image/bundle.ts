/** The node as one file, and the packages of which it is made. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { NmpError } from '../../shared/errors.ts';

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** npm's integrity, `sha512-…`. */
  readonly integrity: string;
}

export interface Bundle {
  readonly code: Uint8Array;
  readonly packages: readonly BundledPackage[];
}

export type Profile = 'release' | 'sim';

/** Some packages are CommonJS and ask for Node's own modules by name. */
const REQUIRE =
  "import { createRequire as nmpCreateRequire } from 'node:module'; const require = nmpCreateRequire(import.meta.url);";

/** Versions and hashes of installed packages by their folder, from the lockfile. */
async function lockedPackages(root: string): Promise<ReadonlyMap<string, BundledPackage>> {
  const lock: unknown = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  const packages =
    typeof lock === 'object' && lock !== null && 'packages' in lock ? lock.packages : {};
  const all = new Map<string, BundledPackage>();
  for (const [folder, facts] of Object.entries(packages ?? {})) {
    const name = folder.split('node_modules/').at(-1) ?? '';
    const known: unknown = facts;
    if (typeof known !== 'object' || known === null || name === '') continue;
    const { version, integrity } = known as Record<string, unknown>;
    if (typeof version !== 'string' || typeof integrity !== 'string') continue;
    all.set(folder, { name, version, integrity });
  }
  return all;
}

/** The same for a package that is not bundled but lies in the image. @throws NmpError IMAGE_INPUT */
export async function lockedPackage(root: string, name: string): Promise<BundledPackage> {
  const known = (await lockedPackages(root)).get(`node_modules/${name}`);
  if (known === undefined) throw new NmpError('IMAGE_INPUT', `${name} is not in the lockfile.`);
  return known;
}

/** The folder of the package that an input file belongs to. */
function packageFolder(input: string): string | undefined {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
}

/**
 * @param root of the checkout, with its packages installed
 * @throws NmpError IMAGE_INPUT
 */
export async function bundleNode(root: string, profile: Profile): Promise<Bundle> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [`enclave/image-${profile}.ts`],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'silent',
    // Nothing of the machine may decide what is in the image.
    define: { 'process.env.NODE_ENV': '"production"' },
    tsconfigRaw: '{}',
    // Paths in the bundle are those below the checkout, also where its packages are linked in.
    preserveSymlinks: true,
    banner: { js: REQUIRE },
  }).catch((cause: unknown) => {
    throw new NmpError('IMAGE_INPUT', 'The node does not bundle.', { cause });
  });
  const [output] = result.outputFiles;
  if (output === undefined) throw new NmpError('IMAGE_INPUT', 'The node does not bundle.');
  const locked = await lockedPackages(root);
  const used = new Set<string>();
  for (const { inputs } of Object.values(result.metafile.outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = packageFolder(input);
      if (folder !== undefined && bytesInOutput > 0) used.add(folder);
    }
  }
  const packages = [...used].map((folder) => {
    const known = locked.get(folder);
    if (known === undefined) throw new NmpError('IMAGE_INPUT', `${folder} is not in the lockfile.`);
    return known;
  });
  const key = ({ name, version }: BundledPackage) => `${name}@${version}`;
  const unique = new Map(packages.map((known) => [key(known), known]));
  return {
    code: Uint8Array.from(output.contents),
    packages: [...unique.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1)),
  };
}
