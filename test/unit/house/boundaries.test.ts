/** Who may import whom (CONTRIBUTING.md), and what a source file may look like. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..');
const ROOMS = ['shared', 'enclave', 'parent', 'client'] as const;

interface Source {
  readonly file: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function sources(room: string): Source[] {
  return readdirSync(join(root, room), { recursive: true, withFileTypes: true })
    .filter(
      (entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'),
    )
    .filter((entry) => !entry.parentPath.includes('/assembly'))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const text = readFileSync(path, 'utf8');
      const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
        (m) => m[1] ?? '',
      );
      return { file: relative(root, path), text, imports };
    });
}

/** The room that a relative import leads to. */
function roomOf(source: Source, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return normalize(join(source.file, '..', specifier)).split('/')[0];
}

/** The CLI runs engines of the node locally, through this one door; `start` is the parent's. */
const NODE_SIDE_DOOR = 'client/cli/node-side.ts';

describe('the house', () => {
  it.each(ROOMS)('%s imports only from itself and from shared', (room) => {
    const strangers = sources(room)
      .filter((source) => source.file !== NODE_SIDE_DOOR)
      .flatMap((source) =>
        source.imports
          .map((specifier) => [specifier, roomOf(source, specifier)] as const)
          .filter(([, to]) => to !== undefined && to !== room && to !== 'shared')
          .map(([specifier]) => `${source.file} → ${specifier}`),
      );
    expect(strangers).toEqual([]);
  });

  it('shared does no I/O', () => {
    const io = /^node:(fs|net|http|https|child_process|worker_threads|dgram|tls|os|process)/;
    const found = sources('shared').flatMap((source) =>
      source.imports.filter((specifier) => io.test(specifier)).map((s) => `${source.file} → ${s}`),
    );
    expect(found).toEqual([]);
  });

  it('logic reads neither the clock nor randomness nor the environment in place', () => {
    const forbidden =
      /\b(Date\.now|Math\.random|performance\.now|process\.env|randomBytes|getRandomValues)\b/;
    // Composition roots, and the providers behind the seams.
    const allowed =
      /^(shared\/runtime\.ts|enclave\/(main|local)\.ts|enclave\/sandbox\/host\.ts|client\/cli\/|client\/author\/|enclave\/image\/|parent\/main\.ts)/;
    const found = ROOMS.flatMap(sources)
      .filter((source) => !allowed.test(source.file))
      .filter((source) => forbidden.test(source.text.replaceAll(/^\s*(\*|\/\/|\/\*\*).*$/gm, '')))
      .map((source) => source.file);
    expect(found).toEqual([]);
  });

  it('no source file is longer than 500 lines', () => {
    const long = ROOMS.flatMap(sources)
      .map((source) => [source.file, source.text.split('\n').length] as const)
      .filter(([, lines]) => lines > 501);
    expect(long).toEqual([]);
  });
});
