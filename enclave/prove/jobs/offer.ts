/**
 * What everybody may know of a job: that there is one, and about how long it takes. The box is made
 * for this offer, so that two offers of one node have nothing in common.
 */
import { toBase64Url } from '../../../shared/bytes.ts';
import { NmpError } from '../../../shared/errors.ts';
import { CborFields, type CborValue, decodeCbor, encodeCbor } from '../../../shared/wire/cbor.ts';
import { NONCE_BYTES } from '../../attest/mutual.ts';
import { SEGMENTS_MAX } from '../prover.ts';
import { BOX_BYTES } from './box-frames.ts';
import type { BoxName } from './broker.ts';

export interface JobOffer {
  readonly box: BoxName;
  readonly nonce: Uint8Array;
  /** Segments, rounded up to a power of two. */
  readonly size: number;
}

/** An offer is 90 bytes. */
export const OFFER_BYTES_MAX = 128;

export function sizeClass(segments: number): number {
  let size = 1;
  while (size < segments && size < SEGMENTS_MAX) size *= 2;
  return size;
}

/** @param box 16 random bytes @param nonce 32 random bytes */
export function encodeOffer(box: Uint8Array, nonce: Uint8Array, segments: number): Uint8Array {
  return encodeCbor(
    new Map<string, CborValue>([
      ['version', 1],
      ['box', box],
      ['nonce', nonce],
      ['size', sizeClass(segments)],
    ]),
  );
}

/** @throws NmpError FRAME_SIZE, FRAME_MALFORMED */
export function decodeOffer(bytes: Uint8Array): JobOffer {
  const fields = new CborFields(decodeCbor(bytes, OFFER_BYTES_MAX), 4);
  const version = fields.uint('version');
  const box = toBase64Url(fields.bytes('box', BOX_BYTES));
  const nonce = fields.bytes('nonce', NONCE_BYTES);
  const size = Number(fields.uint('size'));
  if (version !== 1n || size !== sizeClass(size) || size > SEGMENTS_MAX) {
    throw new NmpError('FRAME_MALFORMED');
  }
  return { box, nonce, size };
}
