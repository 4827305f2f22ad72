/** Ties the enclave to what it says of itself for as long as it runs. */
import type { Nsm } from './nsm.ts';

/** The register of the node statement. */
export const STATEMENT_PCR = 16;

/**
 * Extends PCR16 with the digest of the node statement and locks every PCR: no code that runs later
 * in this enclave can state anything else.
 * @param digest SHA-384 of the canonical node statement, 48 bytes
 */
export async function bindStatement(nsm: Nsm, digest: Uint8Array): Promise<void> {
  await nsm.extendPcr(STATEMENT_PCR, digest);
  const { maxPcrs } = await nsm.describe();
  await nsm.lockPcrs(maxPcrs);
}
