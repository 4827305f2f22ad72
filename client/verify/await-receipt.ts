/**
 * The ZK shield: an answer whose caller asked for a proof is held here until the proof has come
 * and has been verified against everything that the client knows by itself.
 */
import { equalBytes, utf8 } from '../../shared/bytes.ts';
import type { CryptoSuite } from '../../shared/crypto/suite.ts';
import { NmpError } from '../../shared/errors.ts';
import { type ReceiptDataset, receiptNonce } from '../../shared/receipt/journal.ts';
import type { ReceiptRequest, ReceiptVerifier } from '../../shared/receipt/verify.ts';
import type { LogicRequest, LogicResponse } from '../../shared/wire/codec.ts';
import { refusedBy } from '../refused-error.ts';
import type { Attested } from '../session/node-session.ts';

/** A receipt with what it must be about: all that anybody needs to verify it later. */
export interface ZkReceipt {
  /** Composite STARK receipt, about 250 KB for each segment. */
  readonly bytes: Uint8Array;
  readonly request: ReceiptRequest;
}

/** How far a proof is, for display. */
export interface ProofProgress {
  readonly state: string;
  readonly before: number;
  readonly proven: number;
  readonly segments: number;
}

export interface AwaitReceiptComponents {
  readonly suite: CryptoSuite;
  readonly verifier: ReceiptVerifier;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** One more sealed call of the same session. */
  readonly ask: (
    request: Partial<LogicRequest>,
    signal: AbortSignal,
  ) => Promise<{ readonly response: LogicResponse; readonly attested: Attested }>;
}

/** What was asked for, as the client itself put it together. */
export interface Proven {
  readonly moduleHash: Uint8Array;
  /** Undefined for one installed at the node: only the interpreter can prove it to the client. */
  readonly module: Uint8Array | undefined;
  /** Canonical JSON. */
  readonly arguments: Uint8Array;
  readonly fuel: bigint;
  readonly requestNonce: Uint8Array;
  readonly datasets: readonly { readonly id: string; readonly columns: readonly string[] }[];
}

const POLL_MS = 1_000;
const CANCEL_TIMEOUT_MS = 5_000;

function datasetsOf({ statement }: Attested, proven: Proven): readonly ReceiptDataset[] {
  return proven.datasets.map(({ id, columns }) => {
    const stated = statement.datasets.find((dataset) => dataset.id === id);
    if (stated === undefined) throw new NmpError('RECEIPT_DATASETS');
    return { id, columns, commitment: stated.commitment };
  });
}

async function fetchReceipt(
  { ask, sleep }: AwaitReceiptComponents,
  job: string,
  signal: AbortSignal,
  onProof: ((progress: ProofProgress) => void) | undefined,
): Promise<Uint8Array> {
  try {
    for (;;) {
      const { response } = await ask({ job }, signal);
      if (response.refusal !== undefined) throw refusedBy(response.refusal);
      const { jobState: state, jobBefore: before, segmentsProven: proven, segments } = response;
      onProof?.({ state, before, proven, segments });
      if (response.zkReceipt.length > 0) return response.zkReceipt;
      if (state !== 'queued' && state !== 'proving') throw new NmpError('RECEIPT_JOB');
      await sleep(POLL_MS, signal);
    }
  } catch (error) {
    // Nobody waits for it any more.
    if (signal.aborted) {
      const last = AbortSignal.timeout(CANCEL_TIMEOUT_MS);
      await ask({ job, cancelJob: true }, last).catch(() => undefined);
    }
    throw error;
  }
}

/**
 * @param answer the sealed answer, its certificate already judged
 * @throws NmpError RECEIPT_*; RefusedError if the node gave up the proof
 */
export async function awaitReceipt(
  components: AwaitReceiptComponents,
  answer: { readonly response: LogicResponse; readonly attested: Attested },
  proven: Proven,
  options: {
    readonly signal: AbortSignal;
    readonly onProof?: ((progress: ProofProgress) => void) | undefined;
  },
): Promise<ZkReceipt> {
  const { suite, verifier } = components;
  const { response, attested } = answer;
  // A mode is never replaced by a weaker one: an answer without a proof under way is none.
  if (response.job === '') throw new NmpError('CALL_PROOF_MODE');
  // Before anything is waited for: an answer about other data is not worth a proof.
  const datasets = datasetsOf(attested, proven);
  const bytes = await fetchReceipt(components, response.job, options.signal, options.onProof);
  const request: ReceiptRequest = {
    imageId: await verifier.imageOf(bytes, proven.module),
    nonce: receiptNonce(suite, attested.transcript, proven.requestNonce),
    fuel: proven.fuel,
    arguments: proven.arguments,
    inputSalt: response.inputSalt,
    inputCommitment: response.inputCommitment,
    datasets,
    outputSalt: response.outputSalt,
    output: utf8(response.semanticEvidence),
    outcome: 'ok',
  };
  const { module, moduleHash } = proven;
  if (module === undefined) await verifier.verifyHash(moduleHash, bytes, request);
  else await verifier.verify(module, bytes, request);
  return { bytes, request };
}

/** @throws NmpError RECEIPT_*; @param imageId must be the one that the receipt was asked for with */
export async function verifyZkReceipt(
  verifier: ReceiptVerifier,
  module: Uint8Array,
  imageId: Uint8Array,
  receipt: ZkReceipt,
): Promise<void> {
  if (!equalBytes(imageId, receipt.request.imageId)) throw new NmpError('RECEIPT_IMAGE');
  await verifier.verify(module, receipt.bytes, receipt.request);
}
