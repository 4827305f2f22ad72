import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { exchange } from '../../../client/session/call-stream.ts';
import { type ClientIdentity, elicit } from '../../../client/session/elicit.ts';
import type { Nsm } from '../../../enclave/attest/nsm.ts';
import { serveCall, serveElicit } from '../../../enclave/session/serve.ts';
import { DEFAULT_SESSION_LIMITS, SessionStore } from '../../../enclave/session/session-store.ts';
import { encodeNodeStatement } from '../../../shared/attestation/statement.ts';
import { concat, toHex } from '../../../shared/bytes.ts';
import { createNobleSuite } from '../../../shared/crypto/suite-noble.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { isNmpError, NmpError } from '../../../shared/errors.ts';
import { systemRandom } from '../../../shared/runtime.ts';
import {
  IntentRequest,
  IntentResponse,
  LogicRequest,
  LogicResponse,
} from '../../../shared/wire/codec.ts';
import { CLIENT_NONCE_BYTES } from '../../../shared/wire/constants.ts';
import { ManualClock } from '../../support/clock.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { framePair, type Tamper } from '../../support/frames.ts';

const suite = createNodeSuite();

function identity(): ClientIdentity & { id: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return {
    id: 'client',
    peerId: 'client',
    multihash: concat(Uint8Array.of(0, 0x24, 8, 1, 0x12, 0x20), raw),
    sign: async (message) => sign(null, message, privateKey),
  };
}

const nodePeer = { id: 'node', multihash: Uint8Array.of(1, 2, 3) };
const statement = encodeNodeStatement({
  version: 1,
  peerId: 'node',
  certificateKey: new Uint8Array(32),
  profile: 'p',
  release: 'r',
  guardianPolicy: new Uint8Array(32),
  simulated: true,
  datasets: [{ id: 'd', rows: 3, columns: ['a'], commitment: new Uint8Array(32) }],
  capabilities: [{ id: 'c@1.0.0', digest: new Uint8Array(32) }],
});

/** Stands for the NSM here: the document is its request, so that binding can be compared. */
function recordingNsm(): Nsm & { attested: number } {
  const nsm = {
    attested: 0,
    async attest(request: { nonce?: Uint8Array; userData?: Uint8Array }) {
      nsm.attested++;
      return concat(request.nonce ?? new Uint8Array(0), request.userData ?? new Uint8Array(0));
    },
  };
  return nsm as unknown as Nsm & { attested: number };
}

function node(limits = DEFAULT_SESSION_LIMITS) {
  const clock = new ManualClock();
  const sessions = new SessionStore({ clock, random: systemRandom }, limits);
  const nsm = recordingNsm();
  const requests: LogicRequest[] = [];
  const calls = async (request: LogicRequest) => {
    requests.push(request);
    return LogicResponse.encode({ semanticEvidence: `answer ${requests.length}` });
  };
  return { clock, sessions, nsm, requests, components: { suite, clock, nsm, sessions, calls } };
}

interface Attack {
  readonly toNode?: Tamper;
  readonly toClient?: Tamper;
  readonly client?: ClientIdentity;
  readonly clientSuite?: typeof suite;
  readonly signWith?: ClientIdentity;
}

/** Runs one handshake with its first call; both ends' outcomes. */
async function handshake(at: ReturnType<typeof node>, attack: Attack = {}) {
  const client = attack.client ?? identity();
  const [a, b] = framePair({
    ...(attack.toNode === undefined ? {} : { toB: attack.toNode }),
    ...(attack.toClient === undefined ? {} : { toA: attack.toClient }),
  });
  const clientSuite = attack.clientSuite ?? suite;
  const serving = serveElicit(
    at.components,
    { statement, nodePeerId: nodePeer.multihash },
    { id: client.peerId, multihash: client.multihash },
    b,
    AbortSignal.timeout(5000),
  ).catch((error: Error) => {
    b.abort(error);
    throw error;
  });
  const calling = (async () => {
    const session = await elicit(
      { suite: clientSuite, random: systemRandom },
      {
        identity: { ...client, sign: (attack.signWith ?? client).sign },
        node: nodePeer,
        capability: 'c',
        judge: async ({ document, expected }) => {
          if (Buffer.compare(document, concat(expected.nonce, expected.userData)) !== 0) {
            throw new NmpError('HANDSHAKE_STATEMENT');
          }
        },
      },
      a,
    );
    const response = await exchange(
      { suite: clientSuite, frames: a },
      { secrets: session.secrets, stream: 0n, opener: session.opener },
      { clientSignature: Uint8Array.from(session.clientSignature) },
    );
    return { session, response };
  })().catch((error: Error) => {
    a.abort(error);
    throw error;
  });
  const [clientEnd, nodeEnd] = await Promise.allSettled([calling, serving]);
  return { client, clientEnd, nodeEnd };
}

function codesOf(ends: {
  clientEnd: PromiseSettledResult<unknown>;
  nodeEnd: PromiseSettledResult<unknown>;
}) {
  const code = (end: PromiseSettledResult<unknown>) =>
    end.status === 'rejected' && isNmpError(end.reason) ? end.reason.code : end.status;
  return [code(ends.clientEnd), code(ends.nodeEnd)];
}

describe('the elicitation handshake', () => {
  it.each([
    ['node:crypto', suite],
    ['pure TypeScript', createNobleSuite(systemRandom)],
  ] as const)(
    'gives a session and a first answer to a client on %s',
    async (_name, clientSuite) => {
      const at = node();
      const ends = await handshake(at, { clientSuite });
      expect(codesOf(ends)).toEqual(['fulfilled', 'fulfilled']);
      expect(at.sessions.size).toBe(1);
      expect(at.requests).toHaveLength(1);
    },
  );

  it('carries later calls, each stream number once', async () => {
    const at = node();
    const { clientEnd, client } = await handshake(at);
    if (clientEnd.status !== 'fulfilled') throw clientEnd.reason;
    const { session } = clientEnd.value;
    const call = async (stream: bigint, peer = client.peerId) => {
      const [a, b] = framePair();
      const serving = serveCall(
        at.components,
        { id: peer, multihash: client.multihash },
        b,
        AbortSignal.timeout(5000),
      );
      const calling = exchange(
        { suite, frames: a },
        {
          secrets: session.secrets,
          stream,
          opener: LogicRequest.encode({ sessionToken: session.token, stream }),
        },
        { deadlineMs: 5 },
      ).catch(() => undefined);
      const code = await codeOfAsync(serving);
      a.abort(new Error('done'));
      b.abort(new Error('done'));
      return code ?? (await calling)?.semanticEvidence;
    };
    expect(await call(2n)).toBe('answer 2');
    expect(await call(1n)).toBe('answer 3');
    expect(await call(2n)).toBe('SESSION_REPLAY');
    expect(await call(0n)).toBe('SESSION_REPLAY');
    expect(await call(5000n)).toBe('SESSION_REPLAY');
    expect(await call(3n, 'another peer')).toBe('SESSION_UNKNOWN');
    at.clock.advance(DEFAULT_SESSION_LIMITS.ttlMs);
    expect(await call(4n)).toBe('SESSION_UNKNOWN');
    expect(at.sessions.size).toBe(0);
  });

  it('refuses a document of another exchange', async () => {
    let replayed: Uint8Array | undefined;
    const at = node();
    await handshake(at, {
      toClient: (frame, index) => {
        if (index === 0) replayed = IntentResponse.decode(frame).attestationDocument;
        return [frame];
      },
    });
    const ends = await handshake(at, {
      toClient: (frame, index) =>
        index === 0
          ? [
              IntentResponse.encode({
                ...IntentResponse.decode(frame),
                attestationDocument: Uint8Array.from(replayed!),
              }),
            ]
          : [frame],
    });
    expect(codesOf(ends)[0]).toBe('HANDSHAKE_STATEMENT');
  });

  it('asks with a new nonce each time, and expects it in the document', async () => {
    const nonces: string[] = [];
    for (const _ of [1, 2]) {
      const at = node();
      await handshake(at, {
        toNode: (frame, index) => {
          if (index === 0) nonces.push(toHex(IntentRequest.decode(frame).clientNonce));
          return [frame];
        },
        toClient: (frame, index) => {
          if (index > 0) return [frame];
          const document = IntentResponse.decode(frame).attestationDocument;
          expect(toHex(document).startsWith(nonces.at(-1) ?? 'none')).toBe(true);
          return [frame];
        },
      });
    }
    expect(new Set(nonces).size).toBe(2);
    expect(nonces[0]).toHaveLength(2 * CLIENT_NONCE_BYTES);
  });

  it('binds every field of M1 and M2 to the document', async () => {
    const own = suite.kem.generate().publicKey;
    const changes: ((m: IntentResponse) => IntentResponse)[] = [
      (m) => ({ ...m, kyberPublicKey: Uint8Array.from(own) }),
      (m) => ({ ...m, sessionToken: `${m.sessionToken.slice(0, -1)}_` }),
      (m) => ({ ...m, sessionTtlSeconds: 1 }),
      (m) => ({ ...m, errorMessage: 'x' }),
      (m) => ({ ...m, nodeStatement: encodeNodeStatementOf('other') }),
    ];
    for (const change of changes) {
      const ends = await handshake(node(), {
        toClient: (frame, index) =>
          index === 0 ? [IntentResponse.encode(change(IntentResponse.decode(frame)))] : [frame],
      });
      expect(codesOf(ends)[0]).toBe('HANDSHAKE_STATEMENT');
    }
    const ends = await handshake(node(), {
      toNode: (frame, index) =>
        index === 0
          ? [IntentRequest.encode({ ...IntentRequest.decode(frame), agentDid: 'did:nmp:mallory' })]
          : [frame],
    });
    expect(codesOf(ends)[0]).toBe('HANDSHAKE_STATEMENT');
  });

  it('refuses a client that does not hold the key of its Peer ID', async () => {
    const at = node();
    const ends = await handshake(at, { signWith: identity() });
    expect(codesOf(ends)).toEqual(['CONNECTION_LOST', 'HANDSHAKE_SIGNATURE']);
    expect(at.requests).toHaveLength(0);
    expect(at.sessions.size).toBe(0);
  });

  it('refuses a ciphertext that was swapped: the keys differ', async () => {
    const ends = await handshake(node(), {
      toNode: (frame, index) => {
        if (index !== 1) return [frame];
        const opener = LogicRequest.decode(frame);
        opener.pqcCiphertext[3] = (opener.pqcCiphertext[3] ?? 0) ^ 1;
        return [LogicRequest.encode(opener)];
      },
    });
    expect(codesOf(ends)[1]).toBe('RECORD_TAG');
  });

  it('refuses a ciphertext of an earlier session, with its own token or the new one', async () => {
    let opener: LogicRequest | undefined;
    const at = node();
    await handshake(at, {
      toNode: (frame, index) => {
        if (index === 1) opener = LogicRequest.decode(frame);
        return [frame];
      },
    });
    for (const [retoken, code] of [
      [false, 'SESSION_UNKNOWN'],
      [true, 'RECORD_TAG'],
    ] as const) {
      const ends = await handshake(at, {
        toNode: (frame, index) => {
          if (index !== 1 || opener === undefined) return [frame];
          const { sessionToken } = LogicRequest.decode(frame);
          const replayed = retoken ? { ...opener, sessionToken } : opener;
          return [LogicRequest.encode(replayed)];
        },
      });
      expect(codesOf(ends)[1]).toBe(code);
    }
    expect(at.requests).toHaveLength(1);
  });

  it.each<[string, (m: IntentRequest) => Partial<IntentRequest>, string]>([
    ['no common suite', (m) => ({ ...m, suites: [99] }), 'HANDSHAKE_SUITE'],
    ['a short nonce', (m) => ({ ...m, clientNonce: m.clientNonce.slice(1) }), 'FRAME_MALFORMED'],
    ['no nonce', (m) => ({ ...m, clientNonce: new Uint8Array(0) }), 'FRAME_MALFORMED'],
  ])('refuses M1 with %s before it attests anything', async (_name, change, code) => {
    const at = node();
    const ends = await handshake(at, {
      toNode: (frame, index) =>
        index === 0 ? [IntentRequest.encode(change(IntentRequest.decode(frame)))] : [frame],
    });
    expect(codesOf(ends)).toEqual([code, code]);
    expect(at.nsm.attested).toBe(0);
  });

  it('caps sessions and handshakes of a peer before any costly work', async () => {
    const at = node({ ...DEFAULT_SESSION_LIMITS, perPeer: 2 });
    const client = identity();
    expect(codesOf(await handshake(at, { client }))[0]).toBe('fulfilled');
    expect(codesOf(await handshake(at, { client }))[0]).toBe('fulfilled');
    expect(codesOf(await handshake(at, { client }))).toEqual(['SESSION_LIMIT', 'SESSION_LIMIT']);
    expect(at.nsm.attested).toBe(2);
    const rate = node({ ...DEFAULT_SESSION_LIMITS, handshakesPerWindow: 1 });
    expect(codesOf(await handshake(rate, { client }))[0]).toBe('fulfilled');
    expect(codesOf(await handshake(rate, { client }))[0]).toBe('SESSION_LIMIT');
    rate.clock.advance(DEFAULT_SESSION_LIMITS.handshakeWindowMs);
    expect(codesOf(await handshake(rate, { client }))[0]).toBe('fulfilled');
  });

  it('caps handshakes that wait for M3, and forgets those that give up', async () => {
    const at = node({ ...DEFAULT_SESSION_LIMITS, pending: 3, pendingPerPeer: 2 });
    const [one, two] = [identity(), { ...identity(), peerId: 'other' }];
    const start = (client: ClientIdentity, signal: AbortSignal) => {
      const [a, b] = framePair();
      const serving = codeOfAsync(
        serveElicit(
          at.components,
          { statement, nodePeerId: nodePeer.multihash },
          { id: client.peerId, multihash: client.multihash },
          b,
          signal,
        ),
      );
      void a.write(
        IntentRequest.encode({ suites: [1], clientNonce: new Uint8Array(32), agentDid: 'd' }),
      );
      return { answer: a.read().then((bytes) => IntentResponse.decode(bytes)), serving };
    };
    const leaving = new AbortController();
    const waiting = [start(one, leaving.signal), start(one, leaving.signal)];
    for (const { answer } of waiting) expect((await answer).accepted).toBe(true);
    const { signal } = new AbortController();
    expect((await start(one, signal).answer).errorMessage).toBe('SESSION_LIMIT');
    const other = start(two, leaving.signal);
    expect((await other.answer).accepted).toBe(true);
    expect((await start(two, signal).answer).errorMessage).toBe('SESSION_LIMIT');
    expect(at.nsm.attested).toBe(3);
    leaving.abort();
    for (const { serving } of [...waiting, other]) expect(await serving).toBe('TIMEOUT');
    expect(codesOf(await handshake(at, { client: one }))).toEqual(['fulfilled', 'fulfilled']);
  });

  it('lives through any bytes in place of each message', async () => {
    for (let index = 0; index < 3; index++) {
      for (const junk of [
        new Uint8Array(0),
        new Uint8Array(40).fill(0xff),
        new Uint8Array(60_000),
      ]) {
        const at = node();
        const ends = await handshake(at, {
          toNode: (frame, i) => (i === index ? [junk] : [frame]),
        });
        expect(ends.nodeEnd.status).toBe('rejected');
        expect(isNmpError((ends.nodeEnd as PromiseRejectedResult).reason)).toBe(true);
        expect(at.requests).toHaveLength(0);
      }
    }
  });
});

function encodeNodeStatementOf(peerId: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    encodeNodeStatement({
      version: 1,
      peerId,
      certificateKey: new Uint8Array(32),
      profile: 'p',
      release: 'r',
      guardianPolicy: new Uint8Array(32),
      simulated: true,
      datasets: [],
      capabilities: [],
    }),
  );
}
