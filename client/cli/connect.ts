/** The client as the command line composes it: node:crypto, the system's clock, a policy file. */
import { createNodeVerifierCrypto } from '../../shared/attestation/crypto-node.ts';
import { createNodeSuite } from '../../shared/crypto/suite-node.ts';
import { type ClientPolicy, parseClientPolicy } from '../../shared/policy/client-policy.ts';
import { systemClock, systemRandom } from '../../shared/runtime.ts';
import { NmpClient, type NmpClientInit } from '../nmp-client.ts';
import { readText } from './files.ts';

/** @throws NmpError ATTESTATION_POLICY_*, USAGE */
export async function readPolicy(file: string): Promise<ClientPolicy> {
  return parseClientPolicy(await readText(file), file);
}

export function createCliClient(init: NmpClientInit): NmpClient {
  return new NmpClient(
    {
      suite: createNodeSuite(),
      verifier: createNodeVerifierCrypto(),
      clock: systemClock,
      random: systemRandom,
      receipts: async () => (await import('../verify/receipts.ts')).loadReceiptVerifier(),
    },
    init,
  );
}
