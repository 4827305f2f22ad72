/** The data owner's side: asks AWS KMS for a new data key, outside any enclave. */
import { GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { NmpError } from '../../shared/errors.ts';
import { kmsFailure } from './service-error.ts';

export interface GeneratedDataKey {
  /** 32 bytes; the caller wipes them. */
  readonly plaintext: Uint8Array;
  readonly encrypted: Uint8Array;
  /** ARN of the key, whatever name it was asked by. */
  readonly keyId: string;
}

/**
 * Credentials and, without `region`, the region are those that every AWS tool finds.
 *
 * @param keyId ARN, id or alias
 * @throws NmpError KMS_UNREACHABLE, KMS_DENIED, KMS_RESPONSE
 */
export async function generateDataKey(
  keyId: string,
  context: Readonly<Record<string, string>>,
  where: { readonly endpoint?: string; readonly region?: string },
): Promise<GeneratedDataKey> {
  const client = new KMSClient(where);
  try {
    const answer = await client.send(
      new GenerateDataKeyCommand({
        KeyId: keyId,
        KeySpec: 'AES_256',
        EncryptionContext: { ...context },
      }),
    );
    const { CiphertextBlob, KeyId, Plaintext } = answer;
    if (CiphertextBlob === undefined || KeyId === undefined || Plaintext?.length !== 32) {
      throw new NmpError('KMS_RESPONSE');
    }
    return { plaintext: Plaintext, encrypted: CiphertextBlob, keyId: KeyId };
  } catch (cause) {
    if (cause instanceof NmpError) throw cause;
    throw kmsFailure(cause);
  } finally {
    client.destroy();
  }
}
