/** What a prover answers, sealed: 0 and the receipt, or 1 and an error code in ASCII. */
import { concat, utf8 } from '../../../shared/bytes.ts';
import { ERROR_CODES, type ErrorCode, NmpError } from '../../../shared/errors.ts';

const RECEIPT = 0;
const FAILURE = 1;
const CODE_BYTES_MAX = 64;

export function encodeReceipt(receipt: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(RECEIPT), receipt);
}

export function encodeFailure(code: ErrorCode): Uint8Array {
  return concat(Uint8Array.of(FAILURE), utf8(code));
}

/** @returns the receipt, unverified @throws NmpError of the prover's code, FRAME_MALFORMED */
export function decodeResult(message: Uint8Array): Uint8Array {
  const [kind] = message;
  if (kind === RECEIPT) return message.subarray(1);
  if (kind !== FAILURE || message.length > CODE_BYTES_MAX) throw new NmpError('FRAME_MALFORMED');
  const code = String.fromCharCode(...message.subarray(1));
  if (!Object.hasOwn(ERROR_CODES, code)) throw new NmpError('FRAME_MALFORMED');
  throw new NmpError(code as ErrorCode);
}
