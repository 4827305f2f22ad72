/**
 * What the prover reads for one run: the programs that may prove it, then what that program is handed
 * (native/zk/guest, native/zk/runtime): nonce, salts, fuel, module, input, and the openings that tie
 * the input's tables to their roots. Integers are little-endian; module and input are zero-padded to a
 * multiple of 8.
 */
import { concat } from '../../shared/bytes.ts';
import type { ColumnProof } from '../data/store.ts';

export interface ProverRequest {
  /**
   * Whether the module may be translated: only if its client has it, to work out the image id. What
   * the translator does not take is interpreted; the quote's journal names the profile.
   */
  readonly translate: boolean;
  /** `receiptNonce` of session and call, 32 bytes. */
  readonly nonce: Uint8Array;
  readonly inputSalt: Uint8Array;
  readonly outputSalt: Uint8Array;
  /** Units of the program's profile. */
  readonly fuel: bigint;
  readonly module: Uint8Array;
  /** The guest input, docs/protocol.md. */
  readonly input: Uint8Array;
  /** For each table of the input, for each of its columns: the opening of its leaf. */
  readonly openings: readonly (readonly ColumnProof[])[];
}

/** The prover takes no more, bytes. */
export const PROVER_REQUEST_BYTES_MAX = 8 * 1024 * 1024;

/** The first word of a request. */
const PROGRAMS = { interpreted: 1, translatedOrInterpreted: 2 } as const;

function u32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value, true);
  return out;
}

function u64(value: bigint): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, value, true);
  return out;
}

function padded(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array((bytes.length + 7) & ~7);
  out.set(bytes);
  return out;
}

function opening(proof: ColumnProof): readonly Uint8Array[] {
  return [u32(proof.index), proof.salt, u32(proof.path.length), ...proof.path];
}

/** Programs, nonce, two salts, fuel; then the lengths of module and input. */
const MODULE_LENGTH_AT = 4 + 3 * 32 + 8;
const MODULE_AT = MODULE_LENGTH_AT + 8;

/** The module of an encoded request. @returns undefined if it is cut short */
export function moduleOfRequest(request: Uint8Array): Uint8Array | undefined {
  if (request.length < MODULE_AT) return undefined;
  const view = new DataView(request.buffer, request.byteOffset);
  const end = MODULE_AT + view.getUint32(MODULE_LENGTH_AT, true);
  return end <= request.length ? request.subarray(MODULE_AT, end) : undefined;
}

/** One encoding of a request; the guest refuses any that is not whole. */
export function encodeProverRequest(request: ProverRequest): Uint8Array {
  return concat(
    u32(request.translate ? PROGRAMS.translatedOrInterpreted : PROGRAMS.interpreted),
    request.nonce,
    request.inputSalt,
    request.outputSalt,
    u64(request.fuel),
    u32(request.module.length),
    u32(request.input.length),
    padded(request.module),
    padded(request.input),
    ...request.openings.flatMap((columns) => [
      u32(columns[0]?.columns ?? 0),
      ...columns.flatMap(opening),
    ]),
  );
}
