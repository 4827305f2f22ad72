/**
 * Refusals: a closed set of codes, always `REFUSAL_BYTES` long as an encoded `LogicResponse`, so
 * that neither text nor length tells anything about the data.
 */
import { NmpError } from '../errors.ts';
import { LogicResponse, type Refusal } from './codec.ts';
import { REFUSAL_BYTES } from './constants.ts';

export type RefusalFields = Omit<Refusal, 'padding'>;

/** Most reason codes that fit; guardian reasons beyond it are left out. */
export const REFUSAL_REASONS_MAX = 12;

/** The refusal with as much padding as fills it, or undefined if no padding fills it to the byte. */
function filled(fields: RefusalFields): Uint8Array | undefined {
  const encode = (padding: number) =>
    LogicResponse.encode({ refusal: { ...fields, padding: new Uint8Array(padding) } });
  // Length prefixes grow with the padding: start low and close the rest.
  let padding = Math.max(1, REFUSAL_BYTES - encode(1).length);
  let bytes = encode(padding);
  while (bytes.length > REFUSAL_BYTES && padding > 1) bytes = encode(--padding);
  while (bytes.length < REFUSAL_BYTES) bytes = encode(++padding);
  return bytes.length === REFUSAL_BYTES ? bytes : undefined;
}

/**
 * @returns exactly `REFUSAL_BYTES` bytes; where a length prefix leaves a gap of one byte that no
 * padding has, a reason less is told
 */
export function encodeRefusal(fields: RefusalFields): Uint8Array {
  for (let kept = Math.min(fields.reasons.length, REFUSAL_REASONS_MAX); kept >= 0; kept--) {
    const bytes = filled({ ...fields, reasons: fields.reasons.slice(0, kept) });
    if (bytes !== undefined) return bytes;
  }
  throw new NmpError('INTERNAL', 'a refusal does not fit its fixed size');
}
