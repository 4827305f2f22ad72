/** Our handshake against a second implementation: Go's standard library, from docs/protocol.md. */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { exchange } from '../../../client/session/call-stream.ts';
import { elicit } from '../../../client/session/elicit.ts';
import type { Nsm } from '../../../enclave/attest/nsm.ts';
import { serveElicit } from '../../../enclave/session/serve.ts';
import { SessionStore } from '../../../enclave/session/session-store.ts';
import { encodeNodeStatement } from '../../../shared/attestation/statement.ts';
import { concat, equalBytes, toHex } from '../../../shared/bytes.ts';
import { createNobleSuite } from '../../../shared/crypto/suite-noble.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { NmpError } from '../../../shared/errors.ts';
import { systemClock, systemRandom } from '../../../shared/runtime.ts';
import { type LogicRequest, LogicResponse } from '../../../shared/wire/codec.ts';
import { handshakeOracle, startGoPeer } from '../../support/handshake-go.ts';
import { PLAIN_STATEMENT } from '../../support/statement.ts';

const program = handshakeOracle();
const seed = new Uint8Array(32).fill(0x42);
const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
const clientPeer = concat(Uint8Array.of(0, 0x24, 8, 1, 0x12, 0x20), spki.subarray(-32));
const nodePeer = Uint8Array.of(1, 2, 3);
const statement = encodeNodeStatement(PLAIN_STATEMENT);
const peers = [toHex(clientPeer), toHex(nodePeer), toHex(seed)];

describe.skipIf(program === undefined)('the handshake with a peer in Go', () => {
  it.each([
    ['node:crypto', createNodeSuite()],
    ['pure TypeScript', createNobleSuite(systemRandom)],
  ] as const)('our node on %s serves a client in Go, over a rekey', async (_name, suite) => {
    const go = startGoPeer(program ?? '', ['client', ...peers]);
    const requests: LogicRequest[] = [];
    const clock = systemClock;
    // Stands for the NSM: the document is what was asked to be in it.
    const nsm = {
      attest: async (request: { nonce?: Uint8Array; userData?: Uint8Array }) =>
        concat(request.nonce ?? new Uint8Array(0), request.userData ?? new Uint8Array(0)),
    } as unknown as Nsm;
    await serveElicit(
      {
        suite,
        clock,
        nsm,
        sessions: new SessionStore({ clock, random: systemRandom }),
        calls: async (request) => {
          requests.push(request);
          return LogicResponse.encode({ semanticEvidence: 'to go' });
        },
      },
      { statement, nodePeerId: nodePeer },
      { id: 'go', multihash: clientPeer },
      go.frames,
      AbortSignal.timeout(10_000),
    );
    expect(await go.ended).toEqual({ status: 0, told: 'to go' });
    expect(requests[0]?.deadlineMs).toBe(1234);
  });

  it.each([
    ['node:crypto', createNodeSuite()],
    ['pure TypeScript', createNobleSuite(systemRandom)],
  ] as const)('our client on %s calls a node in Go', async (_name, suite) => {
    const go = startGoPeer(program ?? '', ['node', ...peers, toHex(statement)]);
    const session = await elicit(
      { suite, random: systemRandom },
      {
        identity: {
          peerId: 'client',
          multihash: clientPeer,
          sign: async (message) => Uint8Array.from(sign(null, message, privateKey)),
        },
        node: { id: 'node', multihash: nodePeer },
        capability: '',
        judge: async ({ document, expected }) => {
          if (!equalBytes(document, concat(expected.nonce, expected.userData))) {
            throw new NmpError('HANDSHAKE_STATEMENT');
          }
        },
      },
      go.frames,
    );
    const { clientSignature, secrets, opener } = session;
    const answer = await exchange(
      { suite, frames: go.frames },
      { secrets, stream: 0n, opener },
      { clientSignature: Uint8Array.from(clientSignature), deadlineMs: 77 },
    );
    expect(answer.semanticEvidence).toBe('from go');
    expect(await go.ended).toEqual({ status: 0, told: '77' });
  });

  it('a node in Go refuses a signature by another key', async () => {
    const go = startGoPeer(program ?? '', ['node', ...peers, toHex(statement)]);
    const session = await elicit(
      { suite: createNodeSuite(), random: systemRandom },
      {
        identity: { peerId: 'c', multihash: clientPeer, sign: async () => new Uint8Array(64) },
        node: { id: 'node', multihash: nodePeer },
        capability: '',
        judge: async () => undefined,
      },
      go.frames,
    );
    const { clientSignature, secrets, opener } = session;
    const calling = exchange(
      { suite: createNodeSuite(), frames: go.frames },
      { secrets, stream: 0n, opener },
      { clientSignature: Uint8Array.from(clientSignature) },
    );
    await expect(calling).rejects.toThrow();
    expect(await go.ended).toEqual({ status: 1, told: 'error: client signature\n' });
  });
});
