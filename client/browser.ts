/**
 * The client in a browser: the same checks as in Node, over WebSockets. The verifier of receipts is
 * fetched when the first receipt is verified.
 */
import { z } from 'zod';
import { createWebVerifierCrypto } from '../shared/attestation/crypto-web.ts';
import { createNobleSuite } from '../shared/crypto/suite-noble.ts';
import { NmpError } from '../shared/errors.ts';
import type { ReceiptVerifier } from '../shared/receipt/verify.ts';
import { systemClock, systemRandom } from '../shared/runtime.ts';
import { ApplicationClient, type ClientInfo, type ClientOptions } from './application-client.ts';

export { NmpError } from '../shared/errors.ts';
export { parseClientPolicy } from '../shared/policy/client-policy.ts';
export { parseReceiptRequest } from '../shared/receipt/request.ts';

// A page's Content Security Policy may allow no code made at run time.
z.config({ jitless: true });

export interface BrowserClientOptions extends ClientOptions {
  /** Where receipt-verifier.wasm lies; default: beside the bundle. Its hash is compared. */
  readonly verifierUrl?: string | URL;
}

async function fetchVerifier(url: string | URL): Promise<ReceiptVerifier> {
  const { createReceiptVerifier } = await import('../shared/receipt/verify.ts');
  let wasm: Uint8Array;
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`status ${response.status}`);
    wasm = new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new NmpError('RECEIPT_VERIFIER', undefined, { cause });
  }
  return createReceiptVerifier({ suite: createNobleSuite(systemRandom) }, { wasm });
}

export class NmpClient extends ApplicationClient {
  /** @throws NmpError USAGE; HANDSHAKE_SUITE if a weaker suite is asked for */
  constructor(info: ClientInfo, options: BrowserClientOptions) {
    let loaded: Promise<ReceiptVerifier> | undefined;
    const components = {
      suite: createNobleSuite(systemRandom),
      verifier: createWebVerifierCrypto(crypto.subtle),
      clock: systemClock,
      random: systemRandom,
      receipts: () => {
        loaded ??= fetchVerifier(
          options.verifierUrl ?? new URL('receipt-verifier.wasm', import.meta.url),
        );
        return loaded;
      },
    };
    super(components, info, options);
  }
}
