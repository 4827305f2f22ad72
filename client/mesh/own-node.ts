/** What the client's places in the mesh have in common, in Node (client-node.ts) and in browsers (browser-node.ts). */
import type { Ed25519PrivateKey } from '@libp2p/interface';
import type { Libp2p } from 'libp2p';
import { NmpError } from '../../shared/errors.ts';
import { PROTOCOL } from '../../shared/wire/constants.ts';
import type { ClientIdentity } from '../session/elicit.ts';

/** Their streams are opened here only, and read by `eagerFrames`. */
export const OWN_PROTOCOLS: ReadonlySet<string> = new Set([
  PROTOCOL.elicit,
  PROTOCOL.call,
  PROTOCOL.describe,
  PROTOCOL.peers,
]);

export function unreachable(cause: unknown, signal: AbortSignal): NmpError {
  if (cause instanceof NmpError) return cause;
  return new NmpError(signal.aborted ? 'TIMEOUT' : 'UNREACHABLE', undefined, { cause });
}

export function identityOf(
  { peerId }: Pick<Libp2p, 'peerId'>,
  privateKey: Ed25519PrivateKey,
): ClientIdentity {
  return {
    peerId: peerId.toString(),
    multihash: peerId.toMultihash().bytes,
    sign: async (message) => privateKey.sign(message),
  };
}
