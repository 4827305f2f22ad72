/**
 * The spool of local mode: files in the state directory, with the key and the counter beside them.
 * Local mode proves nothing to anybody: it keeps what waits over restarts for its own user only.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { NmpError } from '../../shared/errors.ts';
import type { Random } from '../../shared/runtime.ts';
import { replace } from '../egress/gate/local-storage.ts';
import type { SpoolComponents } from './spool.ts';

const KEY_BYTES = 32;

function readIfThere(file: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(readFileSync(file));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new NmpError('RECEIPT_SPOOL', undefined, { cause });
  }
}

function keyIn(file: string, random: Random): Uint8Array {
  const kept = readIfThere(file);
  if (kept?.length === KEY_BYTES) return kept;
  if (kept !== undefined) throw new NmpError('RECEIPT_SPOOL');
  const key = Uint8Array.from(random.bytes(KEY_BYTES));
  replace(file, key);
  return key;
}

/** @throws NmpError RECEIPT_SPOOL if the directory's files are not what was written */
export function openLocalSpool(
  directory: string,
  random: Random,
): Omit<SpoolComponents, 'random'> & { readonly key: Uint8Array } {
  const file = (name: string) => join(directory, name);
  const folder = file('proof-spool.jobs');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const counted = readIfThere(file('proof-spool.count'));
  let value = counted === undefined ? 0 : Number(Buffer.from(counted).toString('ascii'));
  if (!Number.isSafeInteger(value) || value < 0) throw new NmpError('RECEIPT_SPOOL');
  return {
    key: keyIn(file('proof-spool.key'), random),
    index: {
      read: () => readIfThere(file('proof-spool')),
      write: (sealed) => replace(file('proof-spool'), sealed),
    },
    counter: {
      read: () => value,
      advance: (next) => {
        if (next <= value) return;
        replace(file('proof-spool.count'), Buffer.from(String(next), 'ascii'));
        value = next;
      },
    },
    entries: {
      names: () => readdirSync(folder),
      read: (name) => readIfThere(join(folder, name)),
      write: (name, sealed) => replace(join(folder, name), sealed),
      remove: (name) => rmSync(join(folder, name), { force: true }),
    },
  };
}
