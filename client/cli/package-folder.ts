/** Where the package lies: this file is two folders below it, three when built. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

export function packageFolder(): string {
  const above = join(import.meta.dirname, '..', '..');
  return basename(above) === 'dist' ? join(above, '..') : above;
}

export function packageVersion(): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(join(packageFolder(), 'package.json'), 'utf8'),
  );
  return version;
}
