/**
 * The node record: what a node offers, signed by its Peer ID and expiring, for a client that has
 * not attested it yet. It is a routing hint; what counts is compared with the attested statement.
 */
import { fromUtf8, utf8 } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { NmpError } from '../errors.ts';
import { type CapabilityDescription, capabilityDescription } from '../policy/capability.ts';
import { canonicalJson, nestsWithin } from './canonical-json.ts';
import { CborFields, type CborValue, decodeCbor, encodeCbor, uint } from './cbor.ts';
import { encodeCoseSign1, openCoseSign1, signatureInput } from './cose-sign1.ts';

export const NODE_RECORD_BYTES_MAX = 1024 * 1024;
const CAPABILITIES_MAX = 64;
/** Deepest schema that is looked at. */
const DEPTH_MAX = 64;
const CONTEXT = utf8('nmp-node-record/v1');

export interface NodeRecord {
  readonly peerId: string;
  readonly issuedAtMs: bigint;
  readonly expiresAtMs: bigint;
  readonly addresses: readonly string[];
  readonly capabilities: readonly CapabilityDescription[];
}

/** @param sign Ed25519 by the key of the Peer ID */
export async function signNodeRecord(
  record: NodeRecord,
  sign: (message: Uint8Array) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const payload = encodeCbor(
    new Map<string, CborValue>([
      ['peerId', record.peerId],
      ['issuedAtMs', uint(record.issuedAtMs)],
      ['expiresAtMs', uint(record.expiresAtMs)],
      ['addresses', [...record.addresses]],
      ['capabilities', record.capabilities.map((capability) => utf8(canonicalJson(capability)))],
    ]),
  );
  return encodeCoseSign1(payload, await sign(signatureInput(CONTEXT, payload)));
}

/**
 * @param peer the Peer ID of the connection and its Ed25519 key
 * @throws NmpError NODE_RECORD_INVALID
 */
export function openNodeRecord(
  suite: CryptoSuite,
  bytes: Uint8Array,
  peer: { readonly id: string; readonly key: Uint8Array },
  nowMs: number,
): NodeRecord {
  const opened = openCoseSign1(suite, bytes, CONTEXT, peer.key, NODE_RECORD_BYTES_MAX);
  if (!opened.ok) throw new NmpError('NODE_RECORD_INVALID');
  let record: NodeRecord;
  try {
    const fields = new CborFields(decodeCbor(opened.payload, NODE_RECORD_BYTES_MAX), 5);
    record = {
      peerId: fields.text('peerId', 128),
      issuedAtMs: fields.uint('issuedAtMs'),
      expiresAtMs: fields.uint('expiresAtMs'),
      addresses: fields
        .array('addresses', 32)
        .filter((value) => typeof value === 'string' && value.length <= 256)
        .map(String),
      capabilities: fields.array('capabilities', CAPABILITIES_MAX).map((value) => {
        if (!(value instanceof Uint8Array)) throw new NmpError('NODE_RECORD_INVALID');
        const text = fromUtf8(value);
        const parsed: unknown = JSON.parse(text);
        if (!nestsWithin(parsed, DEPTH_MAX)) throw new NmpError('NODE_RECORD_INVALID');
        const capability = capabilityDescription.parse(parsed);
        if (canonicalJson(capability) !== text) throw new NmpError('NODE_RECORD_INVALID');
        return capability;
      }),
    };
  } catch (cause) {
    throw new NmpError('NODE_RECORD_INVALID', undefined, { cause });
  }
  if (record.peerId !== peer.id || record.expiresAtMs <= BigInt(Math.trunc(nowMs))) {
    throw new NmpError('NODE_RECORD_INVALID');
  }
  return record;
}
