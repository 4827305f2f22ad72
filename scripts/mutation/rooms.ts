/** Rooms whose tests are tried on mutants, and which tests those are. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export interface Room {
  readonly sources: readonly string[];
  /** Files and folders. */
  readonly tests: readonly string[];
  /** Left out unless asked for: minutes by themselves. */
  readonly slow: readonly string[];
}

const of = (sources: string, tests: readonly string[], slow: readonly string[] = []): Room => ({
  sources: [sources],
  tests: tests.map((name) => `test/${name}`),
  slow: slow.map((name) => `test/${name}`),
});

export const ROOMS: Readonly<Record<string, Room>> = {
  attestation: of(
    'shared/attestation/*.ts',
    ['unit/attestation'],
    ['property', 'genuine', 'cross-check'].map((name) => `unit/attestation/${name}.test.ts`),
  ),
  audit: of('shared/audit/*.ts', ['unit/audit']),
  crypto: of(
    'shared/crypto/*.ts',
    ['unit/crypto', 'unit/wire/record-key.test.ts'],
    ['unit/crypto/wycheproof.test.ts'],
  ),
  egress: of('enclave/egress/**/*.ts', ['unit/egress', 'unit/audit'], ['unit/egress/cli.test.ts']),
  guardian: of(
    'enclave/guardian/*.ts',
    ['unit/guardian'],
    ['generated', 'cli', 'testsuite'].map((name) => `unit/guardian/${name}.test.ts`),
  ),
  policy: of('shared/policy/*.ts', ['unit/policy', 'unit/release/bundle.test.ts']),
  receipt: of('shared/receipt/*.ts', ['unit/receipt'], ['unit/receipt/browser.test.ts']),
  release: of('shared/release/*.ts', ['unit/release']),
  verify: of('client/verify/*.ts', ['unit/client/verify']),
  wire: of(
    'shared/wire/*.ts',
    ['unit/wire', 'unit/boot/control.test.ts', 'unit/client/mesh/eager-tcp.test.ts'],
    // Its body of 100 MB.
    ['unit/wire/frames.test.ts'],
  ),
};

export function sourcesOf(room: Room, root: string): string[] {
  return room.sources
    .flatMap((pattern) => globSync(pattern, { cwd: root }))
    .filter((file) => !file.endsWith('.d.ts'))
    .sort();
}

export function testsOf(room: Room, root: string, slow: boolean): string[] {
  const files = room.tests.flatMap((name) =>
    name.endsWith('.ts') ? [name] : globSync(`${name}/**/*.test.ts`, { cwd: root }),
  );
  return files.filter((file) => slow || !room.slow.includes(file)).sort();
}

const IMPORT = /(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+\.ts)'/g;

/** Files of the checkout that a file imports, and those that these import, and so on. */
export function importedBy(file: string, root: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const visit = (at: string): void => {
    if (seen.has(at)) return;
    seen.add(at);
    for (const [, path = ''] of readFileSync(join(root, at), 'utf8').matchAll(IMPORT)) {
      visit(relative(root, join(root, dirname(at), path)));
    }
  };
  visit(file);
  return seen;
}
