/**
 * The root under which a simulated NSM signs: made once in a state folder, never accepted by a
 * client unless its policy names this very root by fingerprint.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  webcrypto,
  X509Certificate,
} from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NmpError } from '../../shared/errors.ts';
import type { Clock, Random } from '../../shared/runtime.ts';
import { issueRoot } from './simulated-ca.ts';

export interface SimulatedRoot {
  readonly certificate: Uint8Array;
  readonly privateKey: webcrypto.CryptoKey;
  /** SHA-256 of the certificate's DER, hex. */
  readonly fingerprint: string;
}

const CERTIFICATE_FILE = 'simulated-root.der';
const KEY_FILE = 'simulated-root.key';
export const SIMULATED_ROOT_FILES = [CERTIFICATE_FILE, KEY_FILE] as const;

export function fingerprintOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

async function importKey(pkcs8: Uint8Array): Promise<webcrypto.CryptoKey> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-384' };
  return webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']);
}

/** A fresh root that lives in memory only. */
export async function createSimulatedRoot(components: {
  readonly clock: Clock;
  readonly random: Random;
}): Promise<SimulatedRoot> {
  const { certificate, keys } = await issueRoot(components);
  return { certificate, privateKey: keys.privateKey, fingerprint: fingerprintOf(certificate) };
}

/**
 * @param directory state folder; the key in it is readable by its owner only
 * @throws NmpError NSM_ROOT if the files are there but damaged
 */
export async function loadOrCreateSimulatedRoot(
  components: { readonly clock: Clock; readonly random: Random },
  directory: string,
): Promise<SimulatedRoot> {
  const kept = await loadSimulatedRoot(directory);
  if (kept !== undefined) return kept;
  const root = await createSimulatedRoot(components);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const key = await webcrypto.subtle.exportKey('pkcs8', root.privateKey);
  // wx: a root that another process made meanwhile is never replaced.
  await writeFile(join(directory, KEY_FILE), new Uint8Array(key), { mode: 0o600, flag: 'wx' });
  await writeFile(join(directory, CERTIFICATE_FILE), root.certificate, { flag: 'wx' });
  return root;
}

/** Undefined if there is none. @throws NmpError NSM_ROOT if the files are there but damaged */
export async function loadSimulatedRoot(directory: string): Promise<SimulatedRoot | undefined> {
  const certificate = await readIfThere(join(directory, CERTIFICATE_FILE));
  const pkcs8 = await readIfThere(join(directory, KEY_FILE));
  if (certificate === undefined && pkcs8 === undefined) return undefined;
  // Half a root would silently get another fingerprint if it were made anew.
  if (certificate === undefined || pkcs8 === undefined) throw new NmpError('NSM_ROOT');
  try {
    const privateKey = await importKey(pkcs8);
    const own = createPublicKey(await toKeyObject(privateKey));
    if (!new X509Certificate(certificate).publicKey.equals(own)) throw new Error('other key');
    return { certificate, privateKey, fingerprint: fingerprintOf(certificate) };
  } catch (cause) {
    throw new NmpError('NSM_ROOT', undefined, { cause });
  }
}

/** The file's bytes, or undefined if there is none. @throws NmpError NSM_ROOT */
async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    return Uint8Array.from(await readFile(file));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new NmpError('NSM_ROOT', undefined, { cause });
  }
}

/** The same key for node:crypto, which signs raw r ‖ s. */
export async function toKeyObject(key: webcrypto.CryptoKey): Promise<KeyObject> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', key);
  return createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
}
