/** Logic as text or file, for a host on this machine. */
import { mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { utf8 } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import { buildLogic } from '../author/build.ts';
import { checkScript, checkText } from '../author/script.ts';

const MODULE_BYTES_MAX = 10 * 1024 * 1024;

/** What a source is written in. */
export type SourceLanguage = 'assemblyscript' | 'javascript';

/**
 * Compiles AssemblyScript that stands alone; JavaScript is checked, and sent as it is.
 * @throws NmpError BUILD_FAILED
 */
export async function compileSource(source: string, language: SourceLanguage): Promise<Uint8Array> {
  if (language === 'javascript') {
    const text = Uint8Array.from(utf8(source));
    await checkText(text, 'logic.js');
    return text;
  }
  const folder = await mkdtemp(join(tmpdir(), 'nmp-logic-'));
  try {
    const file = join(folder, 'logic.ts');
    await writeFile(file, source);
    return (await buildLogic(file)).bytes;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * A model names the file, so it may only be logic, and only in the folder that a person chose:
 * symbolic links are followed before that is judged.
 * @param folder undefined if no files may be read
 */
export function createLogicReader(folder: string | undefined) {
  return async (file: string): Promise<Uint8Array> => {
    if (folder === undefined) throw new NmpError('LOGIC_SOURCE');
    let path: string;
    try {
      const root = await realpath(folder);
      path = await realpath(resolve(root, file));
      if (!path.startsWith(root + sep)) throw new NmpError('LOGIC_SOURCE');
      const found = await stat(path);
      if (!found.isFile() || found.size > MODULE_BYTES_MAX) throw new NmpError('LOGIC_SOURCE');
    } catch (cause) {
      throw cause instanceof NmpError ? cause : new NmpError('LOGIC_SOURCE', undefined, { cause });
    }
    if (path.endsWith('.ts')) return (await buildLogic(path)).bytes;
    if (path.endsWith('.js')) return checkScript(path);
    if (!path.endsWith('.wasm')) throw new NmpError('LOGIC_SOURCE');
    return Uint8Array.from(await readFile(path));
  };
}
