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

/** @returns exactly `REFUSAL_BYTES` bytes */
export function encodeRefusal(fields: RefusalFields): Uint8Array {
  const reasons = fields.reasons.slice(0, REFUSAL_REASONS_MAX);
  const encode = (padding: number) =>
    LogicResponse.encode({ refusal: { ...fields, reasons, padding: new Uint8Array(padding) } });
  // Length prefixes grow with the padding: start low and close the rest.
  let padding = Math.max(1, REFUSAL_BYTES - encode(1).length);
  for (;;) {
    const bytes = encode(padding);
    if (bytes.length === REFUSAL_BYTES) return bytes;
    if (bytes.length > REFUSAL_BYTES) padding--;
    else padding++;
    if (padding < 1) throw new NmpError('INTERNAL', 'a refusal does not fit its fixed size');
  }
}
