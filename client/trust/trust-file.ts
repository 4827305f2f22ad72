/** The trust store's file: read whole, replaced whole, readable by its owner only. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EMPTY_TRUST, parseTrust, type TrustKeeper } from './trust-store.ts';

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** @param file made on the first change if it is not there */
export function createFileKeeper(file: string): TrustKeeper {
  return {
    async load() {
      try {
        return parseTrust(await readFile(file, 'utf8'), file);
      } catch (error) {
        if (isMissing(error)) return EMPTY_TRUST;
        throw error;
      }
    },
    async save(trust) {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      const next = `${file}.${process.pid}.new`;
      await writeFile(next, `${JSON.stringify(trust, null, 2)}\n`, { mode: 0o600 });
      // Renamed: a reader sees the old file or the new one.
      await rename(next, file);
    },
  };
}
