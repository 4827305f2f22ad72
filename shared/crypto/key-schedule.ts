/** From the shared secret to one AES-256-GCM key a stream and direction (docs/protocol.md). */

import { concat, u64be, utf8 } from '../bytes.ts';
import { NmpError } from '../errors.ts';
import { LABEL } from '../wire/constants.ts';
import { hkdfExpand, hkdfExtract } from './hkdf.ts';
import { AES_GCM, type CryptoSuite } from './suite.ts';

/** Secrets of a session, 48 bytes each, one a direction. */
export interface SessionSecrets {
  readonly clientToNode: Uint8Array;
  readonly nodeToClient: Uint8Array;
}

export interface StreamKey {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  /** 48 bytes from which the key after this one comes, and nothing else. */
  readonly next: Uint8Array;
}

export interface StreamKeys {
  readonly clientToNode: StreamKey;
  readonly nodeToClient: StreamKey;
}

/** @param fullHash hash over transcript and ciphertext, 48 bytes */
export function deriveSessionSecrets(
  suite: CryptoSuite,
  sharedSecret: Uint8Array,
  fullHash: Uint8Array,
): SessionSecrets {
  const key = hkdfExtract(suite, fullHash, sharedSecret);
  const expand = (label: string) => hkdfExpand(suite, key, concat(utf8(label), fullHash), 48);
  const secrets = {
    clientToNode: expand(LABEL.clientToNode),
    nodeToClient: expand(LABEL.nodeToClient),
  };
  key.fill(0);
  return secrets;
}

const NEXT_BYTES = 48;

function expandStreamKey(suite: CryptoSuite, secret: Uint8Array, info: Uint8Array): StreamKey {
  const bytes = hkdfExpand(suite, secret, info, AES_GCM.key + AES_GCM.nonce + NEXT_BYTES);
  return {
    key: bytes.subarray(0, AES_GCM.key),
    iv: bytes.subarray(AES_GCM.key, AES_GCM.key + AES_GCM.nonce),
    next: bytes.subarray(AES_GCM.key + AES_GCM.nonce),
  };
}

function deriveStreamKey(suite: CryptoSuite, secret: Uint8Array, stream: bigint): StreamKey {
  return expandStreamKey(suite, secret, concat(utf8(LABEL.stream), u64be(stream)));
}

/** The key after `current` on the same stream and direction. */
export function nextStreamKey(suite: CryptoSuite, current: StreamKey): StreamKey {
  return expandStreamKey(suite, current.next, utf8(LABEL.rekey));
}

export function wipeStreamKey({ key, iv, next }: StreamKey): void {
  for (const part of [key, iv, next]) part.fill(0);
}

/**
 * Keys of stream `stream`; a stream number is used once in a session.
 *
 * @throws NmpError SESSION_UNKNOWN for secrets that were wiped: keys of nothing but zeros, which
 *   anybody can derive, must seal no byte
 */
export function deriveStreamKeys(
  suite: CryptoSuite,
  secrets: SessionSecrets,
  stream: bigint,
): StreamKeys {
  for (const secret of [secrets.clientToNode, secrets.nodeToClient]) {
    if (secret.every((byte) => byte === 0)) throw new NmpError('SESSION_UNKNOWN');
  }
  return {
    clientToNode: deriveStreamKey(suite, secrets.clientToNode, stream),
    nodeToClient: deriveStreamKey(suite, secrets.nodeToClient, stream),
  };
}

export function wipeSecrets(secrets: SessionSecrets): void {
  secrets.clientToNode.fill(0);
  secrets.nodeToClient.fill(0);
}
