/** Writes the files of an image below a folder, where something else than our ramdisks takes them. */
import { chmodSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { byPath } from './cpio.ts';
import type { ImageEntry } from './origin.ts';

/** Devices are left out: whoever starts there makes them. @param folder that does not exist yet */
export function writeTree(entries: readonly ImageEntry[], folder: string): void {
  for (const entry of entries.toSorted(byPath)) {
    const path = join(folder, entry.path);
    mkdirSync(entry.kind === 'folder' ? path : dirname(path), { recursive: true, mode: 0o755 });
    if (entry.kind === 'link') symlinkSync(entry.target, path);
    if (entry.kind !== 'file') continue;
    writeFileSync(path, entry.data);
    chmodSync(path, entry.mode);
    utimesSync(path, 0, 0);
  }
}
