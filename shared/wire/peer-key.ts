/** The Ed25519 key inside a Peer ID. */

/** identity multihash (0x00), 36 bytes: protobuf {Type = Ed25519 (1), Data = 32 bytes}; libp2p peer-ids specification. */
const ED25519_PEER_ID_PREFIX = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

/** The 32-byte public key of an Ed25519 Peer ID given as multihash bytes, else undefined. */
export function publicKeyFromMultihash(multihash: Uint8Array): Uint8Array | undefined {
  if (multihash.length !== ED25519_PEER_ID_PREFIX.length + 32) return undefined;
  if (ED25519_PEER_ID_PREFIX.some((byte, i) => multihash[i] !== byte)) return undefined;
  return multihash.slice(ED25519_PEER_ID_PREFIX.length);
}
