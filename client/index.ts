/** `nmp-enclave/client`: the client library. */

export { createNodeVerifierCrypto } from '../shared/attestation/crypto-node.ts';
export type { AttestationReport, Check } from '../shared/attestation/report.ts';
export { createNodeSuite } from '../shared/crypto/suite-node.ts';
export { NmpError } from '../shared/errors.ts';
export type { CapabilityDescription } from '../shared/policy/capability.ts';
export { type ClientPolicy, parseClientPolicy } from '../shared/policy/client-policy.ts';
export { systemClock, systemRandom } from '../shared/runtime.ts';
export type {
  ClientInfo,
  ClientOptions,
  QuorumOptions,
  ToolOptions,
  WatchdogOptions,
} from './application-client.ts';
export { type BuildOptions, type BuiltModule, buildLogic } from './author/build.ts';
export { ErrorCode } from './error-code.ts';
export {
  type Answer,
  type CallOptions,
  NmpClient as InjectedClient,
  type NmpClientComponents,
  type NmpClientInit,
  type RunRequest,
} from './nmp-client.ts';
export { NmpClient } from './node-client.ts';
export type { QuorumAnswer } from './quorum.ts';
export { RefusedError } from './refused-error.ts';
export type { ZkReceipt } from './verify/await-receipt.ts';
export { renderHtml } from './verify/render-html.ts';
export { renderText } from './verify/render-text.ts';
export type { WatchedLook, WatchFeed, WatchOptions } from './watch.ts';
export type { Watchdog, WatchdogEvent } from './watchdog.ts';
