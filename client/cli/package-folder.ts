/** Where the package lies: this file is two folders below it, three when built. */
import { basename, join } from 'node:path';

export function packageFolder(): string {
  const above = join(import.meta.dirname, '..', '..');
  return basename(above) === 'dist' ? join(above, '..') : above;
}
