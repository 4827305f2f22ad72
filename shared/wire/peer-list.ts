/**
 * Peers that a node hands on to whoever asks (`/nmp/peers/1.0.0`): a hint where else the mesh can be
 * joined, and nothing more. Whoever dials one of them finds out by its Peer ID whether it is there, and
 * by attestation whether it is worth anything.
 */
import { NmpError } from '../errors.ts';
import { CborFields, type CborValue, decodeCbor, encodeCbor } from './cbor.ts';

export const PEER_LIST_BYTES_MAX = 16 * 1024;
/** Peers of one answer, addresses of one peer, characters of each. */
export const LISTED_PEERS_MAX = 16;
export const LISTED_ADDRESSES_MAX = 4;
const PEER_ID_CHARS_MAX = 128;
const ADDRESS_CHARS_MAX = 128;

export interface ListedPeer {
  readonly id: string;
  readonly addresses: readonly string[];
}

/** CBOR: `{"peers": [{"peerId", "addresses": […]}, …]}`. What is beyond the limits is left out. */
export function encodePeerList(peers: readonly ListedPeer[]): Uint8Array {
  return encodeCbor(
    new Map<string, CborValue>([
      [
        'peers',
        peers.slice(0, LISTED_PEERS_MAX).map(
          ({ id, addresses }) =>
            new Map<string, CborValue>([
              ['peerId', id],
              ['addresses', addresses.slice(0, LISTED_ADDRESSES_MAX)],
            ]),
        ),
      ],
    ]),
  );
}

/** @throws NmpError FRAME_MALFORMED */
export function decodePeerList(bytes: Uint8Array): ListedPeer[] {
  try {
    const fields = new CborFields(decodeCbor(bytes, PEER_LIST_BYTES_MAX), 1);
    return fields.array('peers', LISTED_PEERS_MAX).map((value) => {
      const peer = new CborFields(value, 2);
      const id = peer.text('peerId', PEER_ID_CHARS_MAX);
      const addresses = peer.array('addresses', LISTED_ADDRESSES_MAX).map((address) => {
        if (typeof address !== 'string' || address.length > ADDRESS_CHARS_MAX) {
          throw new NmpError('FRAME_MALFORMED');
        }
        return address;
      });
      return { id, addresses };
    });
  } catch (cause) {
    throw new NmpError('FRAME_MALFORMED', undefined, { cause });
  }
}
