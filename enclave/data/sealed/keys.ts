/** Who gives the data key of a sealed dataset: the key service, or a file in local mode. */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { concat, fromHex, toHex, utf8 } from '../../../shared/bytes.ts';
import { NmpError } from '../../../shared/errors.ts';
import { type KmsConfig, kmsEndpoint, regionOf } from '../../../shared/policy/kms-endpoint.ts';
import type { SealedConfig } from '../../../shared/policy/node-config.ts';
import type { AwsKmsInit } from '../../kms/aws-kms.ts';
import type { Kms } from '../../kms/kms.ts';
import type { SealedHeader } from './header.ts';
import { DATA_KEY_BYTES } from './stream.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

type Named = Pick<SealedHeader, 'name' | 'format'>;

export interface DataKeys {
  /**
   * The data key, 32 bytes; the caller wipes it.
   *
   * @throws NmpError SEALED_MISMATCH, SEALED_KEY, KMS_*, CMS_*, NSM_*
   */
  open(header: SealedHeader, config: SealedConfig): Promise<Uint8Array>;
}

export interface DataKeysComponents {
  readonly createKms?: (init: AwsKmsInit) => Kms | Promise<Kms>;
  /** Text of a file with TLS roots that the configuration names. @throws NmpError CONFIG_INVALID */
  readonly readRoots?: (path: string) => Promise<string>;
  /** Content of a key file named in the configuration; absent where such files have no place. */
  readonly readKeyFile?: (path: string) => Promise<Uint8Array>;
}

/** What KMS binds the data key to: EncryptionContext of GenerateDataKey and Decrypt. */
export function encryptionContext({ name, format }: Named): Readonly<Record<string, string>> {
  return { 'nmp:sealed-dataset': '1', 'nmp:name': name, 'nmp:format': format };
}

const localContext = ({ name, format }: Named): Uint8Array =>
  utf8(`nmp-sealed-dataset/1 local\0${name}\0${format}`);

/** @param text of a key file: 64 hexadecimal digits, a line end may follow. @throws NmpError SEALED_KEY */
export function parseKeyFile(text: Uint8Array): Uint8Array {
  const digits = Buffer.from(text.subarray(0, 66)).toString('latin1').trimEnd();
  const key = text.length <= 66 ? fromHex(digits) : undefined;
  if (key?.length !== DATA_KEY_BYTES) throw new NmpError('SEALED_KEY');
  return key;
}

/** Names a local key without giving it away. */
export function localKeyId(key: Uint8Array): string {
  return toHex(createHash('sha256').update(key).digest());
}

/** @param nonce 12 random bytes, fresh for every data key */
export function wrapLocally(
  key: Uint8Array,
  named: Named,
  dataKey: Uint8Array,
  nonce: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(localContext(named));
  const body = cipher.update(dataKey);
  cipher.final();
  return concat(nonce, body, cipher.getAuthTag());
}

function unwrapLocally(key: Uint8Array, header: SealedHeader): Uint8Array {
  const { encryptedKey } = header;
  if (header.keyId !== localKeyId(key)) throw new NmpError('SEALED_KEY');
  if (encryptedKey.length !== NONCE_BYTES + DATA_KEY_BYTES + TAG_BYTES) {
    throw new NmpError('SEALED_KEY');
  }
  const nonce = encryptedKey.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(localContext(header));
  decipher.setAuthTag(encryptedKey.subarray(-TAG_BYTES));
  const out = decipher.update(encryptedKey.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    decipher.final();
  } catch (cause) {
    out.fill(0);
    throw new NmpError('SEALED_KEY', undefined, { cause });
  }
  return Uint8Array.from(out);
}

class ConfiguredKeys implements DataKeys {
  readonly #components: DataKeysComponents;

  constructor(components: DataKeysComponents) {
    this.#components = components;
  }

  async open(header: SealedHeader, config: SealedConfig): Promise<Uint8Array> {
    const key =
      'kms' in config
        ? await this.#fromKms(header, config.kms)
        : await this.#fromFile(header, config.keyFile);
    if (key.length === DATA_KEY_BYTES) return key;
    key.fill(0);
    throw new NmpError('SEALED_KEY');
  }

  async #fromKms(header: SealedHeader, config: KmsConfig): Promise<Uint8Array> {
    const { keyId } = config;
    if (header.provider !== 'kms' || header.keyId !== keyId) throw new NmpError('SEALED_MISMATCH');
    const { createKms } = this.#components;
    if (createKms === undefined) throw new NmpError('KMS_UNREACHABLE');
    const ca = await this.#roots(config);
    const kms = await createKms({
      region: regionOf(keyId),
      endpoint: kmsEndpoint(config).href,
      ...(ca === undefined ? {} : { ca }),
    });
    try {
      const context = encryptionContext(header);
      return await kms.decrypt({ keyId, ciphertext: header.encryptedKey, context });
    } finally {
      kms.close();
    }
  }

  async #roots({ ca }: KmsConfig): Promise<string | undefined> {
    if (ca === undefined) return undefined;
    const { readRoots } = this.#components;
    if (readRoots === undefined)
      throw new NmpError('CONFIG_INVALID', 'sealed.kms.ca has no place here.');
    return readRoots(ca);
  }

  async #fromFile(header: SealedHeader, path: string): Promise<Uint8Array> {
    if (header.provider !== 'local') throw new NmpError('SEALED_MISMATCH');
    const { readKeyFile } = this.#components;
    if (readKeyFile === undefined) {
      throw new NmpError('CONFIG_INVALID', 'sealed.keyFile is for local mode only.');
    }
    const text = await readKeyFile(path);
    const key = parseKeyFile(text);
    try {
      return unwrapLocally(key, header);
    } finally {
      key.fill(0);
      text.fill(0);
    }
  }
}

export function createDataKeys(components: DataKeysComponents): DataKeys {
  return new ConfiguredKeys(components);
}
