/** The two ends of a call at the client: the request that is sent, and the answer that is let go. */
import { type AttestationReport, firstFailure } from '../shared/attestation/report.ts';
import { equalBytes, fromHex, utf8 } from '../shared/bytes.ts';
import type { CryptoSuite } from '../shared/crypto/suite.ts';
import { NmpError } from '../shared/errors.ts';
import {
  type CapabilityDescription,
  capabilityDigest,
  capabilityId,
} from '../shared/policy/capability.ts';
import type { Random } from '../shared/runtime.ts';
import { SCRIPT_ENGINE_SHA256 } from '../shared/script/engine.ts';
import { canonicalJson } from '../shared/wire/canonical-json.ts';
import type { LogicRequest, LogicResponse } from '../shared/wire/codec.ts';
import type { RunRequest } from './nmp-client.ts';
import { refusedBy } from './refused-error.ts';
import type { Attested } from './session/node-session.ts';
import { judgeAnswer } from './verify/answer.ts';

/** What is to run, and what must be found to have run. */
export interface Logic
  extends Partial<Pick<RunRequest, 'module' | 'datasets' | 'abi' | 'imports'>> {
  readonly args: unknown;
  /** SHA-256 */
  readonly moduleHash: Uint8Array;
  readonly engineHash: Uint8Array | undefined;
}

const REQUEST_NONCE_BYTES = 32;

/** The engine that a text must have run on; the one that this client knows. */
export function engineFor(abi: string | undefined): Uint8Array | undefined {
  return abi === 'javascript' ? fromHex(SCRIPT_ENGINE_SHA256) : undefined;
}

/**
 * @returns the request with a fresh nonce, and its arguments as they are committed to
 * @throws NmpError CALL_PROOF_MODE
 */
export function requestOf(
  random: Random,
  capability: CapabilityDescription,
  logic: Logic,
  proofMode: string,
): { request: Partial<LogicRequest>; argumentBytes: Uint8Array; requestNonce: Uint8Array } {
  if (!capability.proofModes.some((mode) => mode === proofMode)) {
    throw new NmpError('CALL_PROOF_MODE');
  }
  const argumentBytes = Uint8Array.from(utf8(canonicalJson(logic.args)));
  const requestNonce = Uint8Array.from(random.bytes(REQUEST_NONCE_BYTES));
  const request: Partial<LogicRequest> = {
    capability: capabilityId(capability),
    inputs: new Map([['arguments', argumentBytes]]),
    requestNonce,
    proofMode,
    ...(logic.module === undefined ? {} : { wasmBinary: Uint8Array.from(logic.module) }),
    ...(logic.abi === undefined ? {} : { abi: logic.abi }),
    moduleCapabilities: [...(logic.imports ?? [])],
    datasets: (logic.datasets ?? []).map(({ id, columns }) => ({
      dataset: id,
      columns: [...(columns ?? [])],
    })),
  };
  return { request, argumentBytes, requestNonce };
}

/**
 * The one way by which a payload leaves: every check holds.
 * @throws RefusedError if the node refused; NmpError of the first check that fails
 */
export function released(
  suite: CryptoSuite,
  { response, attested }: { readonly response: LogicResponse; readonly attested: Attested },
  asked: {
    readonly capability: CapabilityDescription;
    readonly logic: Logic;
    readonly requestNonce: Uint8Array;
  },
): { output: unknown; report: AttestationReport; certificate: Uint8Array } {
  if (response.refusal !== undefined) throw refusedBy(response.refusal);
  const { capability, logic, requestNonce } = asked;
  const id = capabilityId(capability);
  const digest = capabilityDigest(suite, capability);
  // The record was only signed by the node; the statement is attested. They must agree.
  const stated = attested.statement.capabilities.find((known) => known.id === id);
  if (stated === undefined || !equalBytes(stated.digest, digest)) {
    throw new NmpError('HANDSHAKE_STATEMENT');
  }
  const report = judgeAnswer(suite, response, attested, {
    moduleHash: logic.moduleHash,
    engineHash: logic.engineHash,
    capability: { id, digest },
    datasets: logic.datasets?.map((dataset) => dataset.id),
    requestNonce,
  });
  const failure = firstFailure(report);
  if (failure !== undefined) throw failure;
  return {
    output: JSON.parse(response.semanticEvidence),
    report,
    certificate: response.cryptographicProof,
  };
}
