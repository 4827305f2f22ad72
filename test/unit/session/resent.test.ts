/** A request that is sent again, since the node seemed to have forgotten the session. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ClientNode } from '../../../client/mesh/client-node.ts';
import { NodeSession } from '../../../client/session/node-session.ts';
import type { Nsm } from '../../../enclave/attest/nsm.ts';
import { serveCall, serveElicit } from '../../../enclave/session/serve.ts';
import { DEFAULT_SESSION_LIMITS, SessionStore } from '../../../enclave/session/session-store.ts';
import type { AttestationReport } from '../../../shared/attestation/report.ts';
import { encodeNodeStatement } from '../../../shared/attestation/statement.ts';
import { concat } from '../../../shared/bytes.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { NmpError } from '../../../shared/errors.ts';
import { systemRandom } from '../../../shared/runtime.ts';
import { type LogicRequest, LogicResponse } from '../../../shared/wire/codec.ts';
import { PROTOCOL } from '../../../shared/wire/constants.ts';
import { refusedFrame } from '../../../shared/wire/records.ts';
import { ManualClock } from '../../support/clock.ts';
import { codeOf, codeOfAsync } from '../../support/code-of.ts';
import { framePair, type Tamper } from '../../support/frames.ts';
import { PLAIN_STATEMENT } from '../../support/statement.ts';

const suite = createNodeSuite();
const node = { id: 'node', multihash: Uint8Array.of(1, 2, 3) };
const forgotten = refusedFrame('SESSION_UNKNOWN');
const statement = encodeNodeStatement(PLAIN_STATEMENT);

function newIdentity() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return {
    peerId: 'client',
    multihash: concat(Uint8Array.of(0, 0x24, 8, 1, 0x12, 0x20), raw),
    sign: async (message: Uint8Array) => sign(null, message, privateKey),
  };
}

/** A client's session with a node, over a relay that does to later calls what `relay` says. */
function world(relay: { readonly holdsBack?: boolean; readonly toClient?: Tamper } = {}) {
  const clock = new ManualClock();
  const nsm = { attest: async () => Uint8Array.of(1) } as unknown as Nsm;
  const at = {
    sessions: new SessionStore({ clock, random: systemRandom }),
    requests: [] as LogicRequest[],
    held: undefined as (() => Promise<void>) | undefined,
  };
  const calls = async (request: LogicRequest) => {
    at.requests.push(request);
    return LogicResponse.encode({ semanticEvidence: `answer ${at.requests.length}` });
  };
  const identity = newIdentity();
  const peer = { id: identity.peerId, multihash: identity.multihash };
  const open: ClientNode['open'] = async (_peer, protocol) => {
    const serving = { suite, clock, nsm, sessions: at.sessions, calls };
    const later = protocol === PROTOCOL.call;
    const [a, b] = framePair(later && relay.toClient ? { toA: relay.toClient } : {});
    const signal = AbortSignal.timeout(60_000);
    if (later && relay.holdsBack) {
      at.held = () => serveCall(serving, peer, b, signal);
      await b.write(forgotten);
      return a;
    }
    const served = later
      ? serveCall(serving, peer, b, signal)
      : serveElicit(serving, { statement, nodePeerId: node.multihash }, peer, b, signal);
    const refuse = async (error: unknown) => {
      if (error instanceof NmpError) await b.write(refusedFrame(error.code));
      throw error;
    };
    served.catch(refuse).catch(() => undefined);
    return a;
  };
  const judge = async () => ({}) as AttestationReport;
  const mesh = { identity, open } as unknown as ClientNode;
  const session = new NodeSession({ mesh, suite, random: systemRandom, clock, judge }, node);
  const call = () => session.call({ capability: 'c' }, { signal: AbortSignal.timeout(60_000) });
  return { at, clock, call };
}

describe('a request that is sent again', () => {
  it('runs if the node forgot the session indeed', async () => {
    const { at, clock, call } = world();
    await call();
    at.sessions = new SessionStore({ clock, random: systemRandom });
    expect((await call()).response.semanticEvidence).toBe('answer 2');
    expect(at.requests).toHaveLength(2);
    expect(at.requests[1]?.resent).toMatchObject({ stream: 1n });
  });

  it('is refused if it ran, whatever the relay says of it', async () => {
    const { at, call } = world({
      toClient: (_frame, index) => (index === 0 ? [forgotten] : []),
    });
    await call();
    expect(await codeOfAsync(call())).toBe('SESSION_REPLAY');
    expect(at.requests).toHaveLength(2);
  });

  it('is refused if it ran and its session ended since', async () => {
    const { at, call } = world({
      toClient: (_frame, index) => {
        if (index === 0) at.sessions.clear();
        return index === 0 ? [forgotten] : [];
      },
    });
    await call();
    expect(await codeOfAsync(call())).toBe('SESSION_REPLAY');
    expect(at.requests).toHaveLength(2);
  });

  it('runs where it was sent again alone, if the relay held it back', async () => {
    const { at, call } = world({ holdsBack: true });
    await call();
    expect((await call()).response.semanticEvidence).toBe('answer 2');
    expect(await codeOfAsync(at.held?.() ?? Promise.resolve())).toBe('SESSION_REPLAY');
    expect(at.requests).toHaveLength(2);
  });
});

describe('streams of requests that were sent before', () => {
  const LIMITS = { ...DEFAULT_SESSION_LIMITS, total: 2 };
  const added = (store: SessionStore, token: string) =>
    store.add({
      token,
      peer: 'client',
      secrets: { clientToNode: new Uint8Array(32), nodeToClient: new Uint8Array(32) },
      transcript: new Uint8Array(48),
    } as Parameters<SessionStore['add']>[0]);
  const fresh = () => {
    const clock = new ManualClock();
    return { clock, store: new SessionStore({ clock, random: systemRandom }, LIMITS) };
  };

  it('are used up by their own client alone', () => {
    const { store } = fresh();
    added(store, 'a');
    store.useUp('a', 'another', 1n);
    store.enter('a', 'client', 1n).release();
    expect(codeOf(() => store.useUp('a', 'client', 1n))).toBe('SESSION_REPLAY');
    expect(codeOf(() => store.useUp('a', 'client', 5000n))).toBe('SESSION_REPLAY');
  });

  it('are refused while it is not known any more whether they were used', () => {
    const { clock, store } = fresh();
    for (const token of ['a', 'b', 'c']) {
      added(store, token);
      store.enter(token, 'client', 1n).release();
      store.drop(token);
    }
    // Of 'a' nothing is left; 'c' is known to have used stream 1, and not 2.
    expect(codeOf(() => store.useUp('a', 'client', 2n))).toBe('SESSION_REPLAY');
    expect(codeOf(() => store.useUp('c', 'client', 1n))).toBe('SESSION_REPLAY');
    store.useUp('c', 'client', 2n);
    clock.advance(15 * 60 * 1000);
    store.useUp('a', 'client', 2n);
  });
});
