/** The client in Node: the application's client with the platform's clock, randomness and cryptography. */
import { createNodeVerifierCrypto } from '../shared/attestation/crypto-node.ts';
import { createNodeSuite } from '../shared/crypto/suite-node.ts';
import { systemClock, systemRandom } from '../shared/runtime.ts';
import { ApplicationClient, type ClientInfo, type ClientOptions } from './application-client.ts';
import { loadReceiptVerifier } from './verify/receipts.ts';

export class NmpClient extends ApplicationClient {
  /** @throws NmpError USAGE; HANDSHAKE_SUITE if a weaker suite is asked for */
  constructor(info: ClientInfo, options: ClientOptions) {
    const components = {
      suite: createNodeSuite(),
      verifier: createNodeVerifierCrypto(),
      clock: systemClock,
      random: systemRandom,
      receipts: loadReceiptVerifier,
    };
    super(components, info, options);
  }
}
