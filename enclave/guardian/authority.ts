/** Loads the native validity authority (native/guard): wasmparser =0.254.2, and no engine. */
import { createRequire } from 'node:module';
import { NmpError } from '../../shared/errors.ts';
import type { AuthorityReport, ValidityAuthority } from './authority-types.ts';

interface Addon {
  check(binary: Uint8Array): AuthorityReport;
}

function isAddon(value: unknown): value is Addon {
  return (
    typeof value === 'object' &&
    value !== null &&
    'check' in value &&
    typeof value.check === 'function'
  );
}

/** @throws NmpError GUARDIAN_UNAVAILABLE if the addon is not built */
export function loadAuthority(): ValidityAuthority {
  let addon: unknown;
  try {
    addon = createRequire(import.meta.url)('#native/guard');
  } catch (cause) {
    throw new NmpError('GUARDIAN_UNAVAILABLE', undefined, { cause });
  }
  if (!isAddon(addon)) throw new NmpError('GUARDIAN_UNAVAILABLE');
  return addon;
}
