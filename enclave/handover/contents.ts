/** What a giver hands to its heir, sealed between the two: JSON of exactly this form. */
import { z } from 'zod';
import { NmpError } from '../../shared/errors.ts';
import { LEDGER_KEYS_MAX, type LedgerContents } from '../egress/gate/ledger.ts';

export interface HandoverContents {
  readonly ledger: LedgerContents;
  /**
   * Private key of the Peer ID under which the capabilities are announced, as libp2p writes it;
   * undefined if the giver kept none.
   */
  readonly identity?: Uint8Array;
}

/** A full ledger is some 7 MB. */
export const HANDOVER_BYTES_MAX = 9 * 1024 * 1024;
const IDENTITY_BYTES_MAX = 256;

const schema = z.strictObject({
  version: z.literal(1),
  sequence: z.int().min(0),
  units: z.record(z.string().max(256), z.int().min(1)),
  identity: z
    .string()
    .regex(/^[\w-]*$/)
    .max(2 * IDENTITY_BYTES_MAX)
    .optional(),
});

export function encodeContents({ ledger, identity }: HandoverContents): Uint8Array {
  const value = {
    version: 1,
    sequence: ledger.sequence,
    units: Object.fromEntries(ledger.units),
    ...(identity === undefined ? {} : { identity: Buffer.from(identity).toString('base64url') }),
  };
  return Uint8Array.from(Buffer.from(JSON.stringify(value)));
}

/** @throws NmpError HANDOVER_REFUSED */
export function decodeContents(bytes: Uint8Array): HandoverContents {
  try {
    const value = schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
    const units = new Map(Object.entries(value.units));
    if (units.size > LEDGER_KEYS_MAX) throw new RangeError('keys');
    return {
      ledger: { sequence: value.sequence, units },
      ...(value.identity === undefined
        ? {}
        : { identity: Uint8Array.from(Buffer.from(value.identity, 'base64url')) }),
    };
  } catch {
    // Without its cause, which may quote what is private.
    throw new NmpError('HANDOVER_REFUSED');
  }
}
