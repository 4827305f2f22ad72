/** One elicitation, both ends in one process: no document is made or checked, and no NSM is asked. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { elicit } from '../../client/session/elicit.ts';
import type { Nsm } from '../../enclave/attest/nsm.ts';
import { acceptElicitation } from '../../enclave/session/elicit.ts';
import { DEFAULT_SESSION_LIMITS, SessionStore } from '../../enclave/session/session-store.ts';
import { encodeNodeStatement } from '../../shared/attestation/statement.ts';
import { concat } from '../../shared/bytes.ts';
import { createNodeSuite } from '../../shared/crypto/suite-node.ts';
import { systemClock, systemRandom } from '../../shared/runtime.ts';
import { LogicRequest } from '../../shared/wire/codec.ts';
import { framePair } from './frames.ts';
import { PLAIN_STATEMENT } from './statement.ts';

const suite = createNodeSuite();
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const rawKey = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
const identity = {
  peerId: 'client',
  multihash: concat(Uint8Array.of(0, 0x24, 8, 1, 0x12, 0x20), rawKey),
  sign: async (message: Uint8Array) => Uint8Array.from(sign(null, message, privateKey)),
};
const nodePeer = { id: 'node', multihash: Uint8Array.of(1, 2, 3) };
const statement = encodeNodeStatement(PLAIN_STATEMENT);
/** As long as a genuine document; neither made nor checked here. */
const document = new Uint8Array(4_600);
const nsm: Pick<Nsm, 'attest'> = { attest: async () => document };

export async function handshake(): Promise<void> {
  const [client, node] = framePair();
  const sessions = new SessionStore(
    { clock: systemClock, random: systemRandom },
    DEFAULT_SESSION_LIMITS,
  );
  const accepting = acceptElicitation(
    { suite, nsm: nsm as Nsm, sessions },
    { statement, nodePeerId: nodePeer.multihash },
    { id: identity.peerId, multihash: identity.multihash },
    node,
  );
  const session = await elicit(
    { suite, random: systemRandom },
    { identity, node: nodePeer, capability: '', judge: async () => undefined },
    client,
  );
  await client.write(session.opener);
  const pending = await accepting;
  pending.confirm(
    LogicRequest.decode(
      LogicRequest.encode({ clientSignature: Uint8Array.from(session.clientSignature) }),
    ),
  );
}
