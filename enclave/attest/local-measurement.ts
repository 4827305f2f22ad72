/**
 * What a simulated NSM measures in local mode, in place of an image: the program's own files, the
 * engine that runs it, and its configuration. It tells versions apart; it proves nothing.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { utf8 } from '../../shared/bytes.ts';
import { measure } from './pcr-bank.ts';

export interface MeasuredParts {
  /** Folders and files of the program. */
  readonly program: readonly string[];
  /** Name and version of the runtime. */
  readonly runtime: string;
  readonly configuration: Uint8Array;
}

async function contents(root: string): Promise<Buffer[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const parts: Buffer[] = [];
  for (const file of files)
    parts.push(Buffer.from(`${relative(root, file)}\0`), await readFile(file));
  return parts;
}

/** PCR 0 (all), 1 (runtime) and 2 (program and configuration). */
export async function measureLocally(
  parts: MeasuredParts,
): Promise<ReadonlyMap<number, Uint8Array>> {
  const program = Buffer.concat((await Promise.all(parts.program.map(contents))).flat());
  const runtime = utf8(parts.runtime);
  const application = Buffer.concat([program, parts.configuration]);
  return new Map([
    [0, measure(Buffer.concat([runtime, application]))],
    [1, measure(runtime)],
    [2, measure(application)],
  ]);
}
