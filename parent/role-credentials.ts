/**
 * Credentials of the role that this machine has, for an enclave that asks a key service. They open
 * nothing by themselves where the key's policy asks for the enclave's measurements.
 */
import type { RoleCredentials } from '../shared/wire/control.ts';

/** From wherever every AWS tool takes them: environment, files, the instance's metadata service. */
export async function roleCredentials(region: string): Promise<RoleCredentials> {
  // Loaded only where a key service is configured: the SDK is most of what this process would load.
  const { KMSClient } = await import('@aws-sdk/client-kms');
  const client = new KMSClient({ region });
  try {
    const { accessKeyId, secretAccessKey, sessionToken } = await client.config.credentials();
    return {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    };
  } finally {
    client.destroy();
  }
}
