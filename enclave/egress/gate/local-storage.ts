/**
 * Ledger and audit records of local mode, in the state directory. The key lies beside them: local
 * mode proves nothing to anybody, and keeps quotas over restarts for its own user only. A production
 * enclave hands in a key that only its measurement releases, and a counter that its host cannot set.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { NmpError } from '../../../shared/errors.ts';
import type { Random } from '../../../shared/runtime.ts';
import type { LedgerComponents } from './ledger.ts';

const KEY_BYTES = 32;
/** Audit records kept; further ones are dropped. */
const RECORDS_MAX = 10_000;

function readIfThere(file: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(readFileSync(file));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new NmpError('EGRESS_LEDGER', undefined, { cause });
  }
}

/** Whole or not at all, and on the disk when it returns. */
export function replace(file: string, bytes: Uint8Array): void {
  const fresh = `${file}.new`;
  const handle = openSync(fresh, 'w', 0o600);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(fresh, file);
}

function keyIn(file: string, random: Random): Uint8Array {
  const kept = readIfThere(file);
  if (kept?.length === KEY_BYTES) return kept;
  if (kept !== undefined) throw new NmpError('EGRESS_LEDGER');
  const key = Uint8Array.from(random.bytes(KEY_BYTES));
  replace(file, key);
  return key;
}

/** @throws NmpError EGRESS_LEDGER if the directory's files are not what was written */
export function openLocalLedger(
  directory: string,
  random: Random,
): Omit<LedgerComponents, 'random'> & { readonly key: Uint8Array } {
  const file = (name: string) => join(directory, name);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const key = keyIn(file('egress-ledger.key'), random);
  const counted = readIfThere(file('egress-ledger.count'));
  let value = counted === undefined ? 0 : Number(Buffer.from(counted).toString('ascii'));
  if (!Number.isSafeInteger(value) || value < 0) throw new NmpError('EGRESS_LEDGER');
  return {
    key,
    storage: {
      read: () => readIfThere(file('egress-ledger')),
      write: (sealed) => replace(file('egress-ledger'), sealed),
    },
    counter: {
      read: () => value,
      advance: (next) => {
        if (next <= value) return;
        replace(file('egress-ledger.count'), Buffer.from(String(next), 'ascii'));
        value = next;
      },
    },
  };
}

/** Keeps sealed audit records as files, in the order of their coming. */
export function createLocalAudit(directory: string): (sealed: Uint8Array) => void {
  const folder = join(directory, 'audit');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let count = readdirSync(folder).length;
  return (sealed) => {
    if (count >= RECORDS_MAX) return;
    writeFileSync(join(folder, `${String(count).padStart(5, '0')}.nmpa`), sealed, { mode: 0o600 });
    count++;
  };
}
