/** The node's Ed25519 identity: made in here, kept in a file only if the configuration says so. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import type { Ed25519PrivateKey } from '@libp2p/interface';
import { NmpError } from '../../shared/errors.ts';

/**
 * @param file libp2p's protobuf of a private key; created, readable by its owner only, if missing
 * @throws NmpError CONFIG_INVALID if the file holds something else
 */
export async function loadIdentity(file: string | undefined): Promise<Ed25519PrivateKey> {
  if (file === undefined) return generateKeyPair('Ed25519');
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) {
      throw new NmpError('CONFIG_INVALID', `${file}: cannot be read`, { cause });
    }
    const key = await generateKeyPair('Ed25519');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, privateKeyToProtobuf(key), { mode: 0o600 });
    return key;
  }
  try {
    const key = privateKeyFromProtobuf(bytes);
    if (key.type === 'Ed25519') return key;
  } catch (cause) {
    throw new NmpError('CONFIG_INVALID', `${file}: not an identity`, { cause });
  }
  throw new NmpError('CONFIG_INVALID', `${file}: not an Ed25519 identity`);
}
