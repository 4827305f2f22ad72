/** Reads what scripts/bundle.ts built of the page's script. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { ConsoleApp } from './app-blocks.ts';

const WASM = new URL('../../shared/receipt/receipt-verifier.wasm', import.meta.url);

/** @param folder of the package @returns undefined if the script was not built: the page does without */
export async function loadConsoleApp(folder: string): Promise<ConsoleApp | undefined> {
  const built = (name: string) => readFile(join(folder, 'dist', 'console', name), 'utf8');
  try {
    const [script, style, wasm] = await Promise.all([
      built('app.js'),
      built('app.css'),
      readFile(WASM),
    ]);
    return { script, style, verifier: gzipSync(wasm, { level: 9 }).toString('base64') };
  } catch {
    return undefined;
  }
}
