/**
 * The journal of a receipt: what the proven guest program says of one run, 248 bytes.
 * docs/protocol.md, Receipt journal.
 */
import { concat, utf8 } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { NmpError } from '../errors.ts';
import { COMMITMENT_SALT_BYTES } from './commitment.ts';

export const JOURNAL_BYTES = 248;
export const JOURNAL_VERSION = 2;
/**
 * The interpreter inside the zkVM: the features of `nmp-wasm-v1`, its own fuel and memory limit,
 * NaN bits not canonicalised.
 */
export const RECEIPT_PROFILE = 'nmp-wasm-zk-v1';
/** A module translated to the zkVM's machine code: the same, with one unit of fuel an instruction. */
export const TRANSLATED_PROFILE = 'nmp-wasm-zk-v2';

/** How the proven run ended, in the order of the codes. */
export const RECEIPT_OUTCOMES = [
  'ok',
  'trap',
  'out-of-fuel',
  'not-a-module',
  'abi-violation',
] as const;
export type ReceiptOutcome = (typeof RECEIPT_OUTCOMES)[number];

export interface Journal {
  readonly profile: string;
  readonly outcome: ReceiptOutcome;
  readonly fuel: bigint;
  /** SHA-256 of the module. */
  readonly moduleHash: Uint8Array;
  readonly argumentsCommitment: Uint8Array;
  readonly inputCommitment: Uint8Array;
  /** Digest over ids, roots and columns of the tables; see `datasetsDigest`. */
  readonly datasets: Uint8Array;
  readonly outputCommitment: Uint8Array;
  readonly nonce: Uint8Array;
}

const MAGIC = 'NMPJ';
const PROFILE = { at: 8, bytes: 32 } as const;

/** @throws NmpError RECEIPT_JOURNAL_VERSION for anything that is not a journal of version 2 */
export function decodeJournal(bytes: Uint8Array): Journal {
  const refuse = () => new NmpError('RECEIPT_JOURNAL_VERSION');
  if (bytes.length !== JOURNAL_BYTES) throw refuse();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ascii = (at: number, length: number) =>
    String.fromCharCode(...bytes.subarray(at, at + length));
  const version = view.getUint32(4, true);
  if (ascii(0, 4) !== MAGIC || version !== JOURNAL_VERSION) throw refuse();
  const outcome = RECEIPT_OUTCOMES[view.getUint32(40, true)];
  if (outcome === undefined || view.getUint32(44, true) !== 0) throw refuse();
  const digest = (at: number) => bytes.slice(at, at + 32);
  return {
    profile: ascii(PROFILE.at, PROFILE.bytes).replace(/\0+$/, ''),
    outcome,
    fuel: view.getBigUint64(48, true),
    moduleHash: digest(56),
    argumentsCommitment: digest(88),
    inputCommitment: digest(120),
    datasets: digest(152),
    outputCommitment: digest(184),
    nonce: digest(216),
  };
}

function u32le(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value, true);
  return out;
}

/** A table of a run as client and node both know it, in the order of the request. */
export interface ReceiptDataset {
  readonly id: string;
  /** Published root, 32 bytes. */
  readonly commitment: Uint8Array;
  /** The columns that the module was given, in the order of its table. */
  readonly columns: readonly string[];
}

const DATASETS_LABEL = 'nmp-datasets/v1';
const ARGUMENTS_LABEL = 'nmp-arguments/v1';
const NONCE_LABEL = 'nmp-receipt-nonce/v1';

/** What the journal says of the data, 32 bytes. */
export function datasetsDigest(
  suite: CryptoSuite,
  datasets: readonly ReceiptDataset[],
): Uint8Array {
  const text = (bytes: Uint8Array) => concat(u32le(bytes.length), bytes);
  const parts = datasets.flatMap(({ id, commitment, columns }) => [
    text(utf8(id)),
    text(commitment),
    u32le(columns.length),
    ...columns.map((column) => text(utf8(column))),
  ]);
  return suite.sha256(utf8(DATASETS_LABEL), u32le(datasets.length), ...parts);
}

/** @param salt the input's, 32 bytes @param bytes the arguments as canonical JSON */
export function commitToArguments(
  suite: CryptoSuite,
  salt: Uint8Array,
  bytes: Uint8Array,
): Uint8Array {
  if (salt.length !== COMMITMENT_SALT_BYTES) throw new RangeError('salt must have 32 bytes');
  return suite.sha256(utf8(ARGUMENTS_LABEL), salt, bytes);
}

/**
 * The nonce of a receipt: ties it to one session and one call of it.
 * @param transcript of the handshake, 48 bytes @param requestNonce 32 bytes
 */
export function receiptNonce(
  suite: CryptoSuite,
  transcript: Uint8Array,
  requestNonce: Uint8Array,
): Uint8Array {
  return suite.sha256(utf8(NONCE_LABEL), transcript, requestNonce);
}
