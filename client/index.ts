/** `nmp-enclave/client`: the client library. */

export { createNodeVerifierCrypto } from '../shared/attestation/crypto-node.ts';
export type { AttestationReport, Check } from '../shared/attestation/report.ts';
export { createNodeSuite } from '../shared/crypto/suite-node.ts';
export { type ErrorCode, NmpError } from '../shared/errors.ts';
export { type ClientPolicy, parseClientPolicy } from '../shared/policy/client-policy.ts';
export { systemClock, systemRandom } from '../shared/runtime.ts';
export {
  type Answer,
  type CallOptions,
  NmpClient,
  type NmpClientComponents,
  type NmpClientInit,
  type RunRequest,
} from './nmp-client.ts';
export { RefusedError } from './refused-error.ts';
export { renderHtml } from './verify/render-html.ts';
export { renderText } from './verify/render-text.ts';
