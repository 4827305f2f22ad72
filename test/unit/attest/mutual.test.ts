import { beforeAll, describe, expect, it } from 'vitest';
import {
  initiateMutual,
  type MutualComponents,
  type MutualInit,
  NONCE_BYTES,
  respondMutual,
} from '../../../enclave/attest/mutual.ts';
import type { SimulatedRoot } from '../../../enclave/attest/simulated-root.ts';
import { concat, toHex, utf8 } from '../../../shared/bytes.ts';
import { isNmpError } from '../../../shared/errors.ts';
import { systemRandom } from '../../../shared/runtime.ts';
import { refusedFrame } from '../../../shared/wire/records.ts';
import { ManualClock } from '../../support/clock.ts';
import { type TestEnclave, testEnclave, testRoot } from '../../support/enclaves.ts';
import { framePair, type Tamper } from '../../support/frames.ts';

let root: SimulatedRoot;
let other: SimulatedRoot;
let a: TestEnclave;
let b: TestEnclave;

beforeAll(async () => {
  [root, other] = [await testRoot(), await testRoot()];
  [a, b] = [await testEnclave(root, 1), await testEnclave(root, 1)];
});

const hello = (nonce = systemRandom.bytes(NONCE_BYTES)): MutualInit => ({
  purpose: 'nmp-job/v1',
  hello: concat(utf8('hello'), nonce),
  helloNonce: nonce,
});
const soon = () => AbortSignal.timeout(2_000);
const code = (error: unknown) => (isNmpError(error) ? error.code : String(error));

/** What each side ends with: a message that got through, or the code of its failure. */
async function exchange(
  initiator: MutualComponents,
  responder: MutualComponents,
  attack: {
    readonly toInitiator?: Tamper;
    readonly toResponder?: Tamper;
    readonly init?: MutualInit;
    readonly responderInit?: MutualInit;
  } = {},
) {
  const init = attack.init ?? hello();
  const [left, right] = framePair({
    ...(attack.toInitiator && { toA: attack.toInitiator }),
    ...(attack.toResponder && { toB: attack.toResponder }),
  });
  const from = async () => {
    const channel = await initiateMutual(initiator, init, left, soon());
    await channel.writer.writeMessage(utf8('for you alone'), soon());
    return toHex(channel.exchange);
  };
  const to = async () => {
    const channel = await respondMutual(responder, attack.responderInit ?? init, right, soon());
    const message = await channel.reader.readMessage(64, { signal: soon() });
    return [new TextDecoder().decode(message), toHex(channel.exchange)] as const;
  };
  const ended = (promise: Promise<unknown>, end: () => void) =>
    promise.catch((error: unknown) => {
      end();
      return code(error);
    });
  return Promise.all([
    ended(from(), () => left.abort(new Error('over'))),
    ended(to(), () => right.abort(new Error('over'))),
  ]);
}

const flipped =
  (at: number): Tamper =>
  (frame, index) => {
    if (index === 0) frame[frame.length - at] = (frame[frame.length - at] ?? 0) ^ 1;
    return [frame];
  };

describe('mutual attestation', () => {
  it('gives enclaves of equal measurements a channel of their own, anew each time', async () => {
    const [first, got] = await exchange(a, b);
    expect(got).toEqual(['for you alone', first]);
    const [second] = await exchange(a, b);
    expect(second).not.toEqual(first);
  });

  it('refuses another measurement on either side', async () => {
    const stranger = await testEnclave(root, 9);
    expect((await exchange(a, stranger))[0]).toBe('ATTESTATION_PCR_UNKNOWN');
    // It takes us, we do not take it.
    const open = { ...stranger, judge: async () => undefined };
    expect((await exchange(open, a))[1]).toBe('ATTESTATION_PCR_UNKNOWN');
  });

  it('takes simulated evidence only of roots that the configuration names', async () => {
    const elsewhere = await testEnclave(other, 1);
    expect((await exchange(a, elsewhere))[0]).toBe('ATTESTATION_SIMULATED');
    const naming = await testEnclave(other, 1, { simulatedRoots: [root.fingerprint] });
    expect((await exchange(naming, b))[1]).toBe('ATTESTATION_SIMULATED');
  });

  it('takes no simulated evidence at all where the enclave is not simulated', async () => {
    const { createPeerJudge } = await import('../../../enclave/attest/judge-peer.ts');
    const { createNodeVerifierCrypto } = await import('../../../shared/attestation/crypto-node.ts');
    const real = {
      describePcr: (index: number) => a.nsm.describePcr(index),
      describe: async () => ({ ...(await a.nsm.describe()), simulated: false }),
    };
    const judge = await createPeerJudge(
      { nsm: real, verifier: createNodeVerifierCrypto(), clock: a.clock },
      { simulatedRoots: [root.fingerprint] },
    );
    expect((await exchange({ ...a, judge }, b))[0]).toBe('ATTESTATION_SIMULATED');
  });

  it('refuses enclaves whose memory can be read', async () => {
    const debug = {
      describe: () => a.nsm.describe(),
      describePcr: async () => ({ locked: true, value: new Uint8Array(48) }),
    };
    const { createPeerJudge } = await import('../../../enclave/attest/judge-peer.ts');
    const { createNodeVerifierCrypto } = await import('../../../shared/attestation/crypto-node.ts');
    const judge = await createPeerJudge(
      { nsm: debug, verifier: createNodeVerifierCrypto(), clock: a.clock },
      { simulatedRoots: [root.fingerprint] },
    );
    const zeros = new Map([0, 1, 2].map((i) => [i, new Uint8Array(48)] as const));
    const { createSimulatedNsm } = await import('../../../enclave/attest/simulated.ts');
    const nsm = createSimulatedNsm({ clock: a.clock, random: systemRandom }, { root, pcrs: zeros });
    expect((await exchange({ ...a, judge }, { ...b, nsm }))[0]).toBe('ATTESTATION_DEBUG');
  });

  it('refuses a document of an earlier exchange, from either side', async () => {
    let answer: Uint8Array | undefined;
    let closing: Uint8Array | undefined;
    await exchange(a, b, {
      toInitiator: (frame, index) => {
        if (index === 0) answer = frame.slice();
        return [frame];
      },
      toResponder: (frame, index) => {
        if (index === 0) closing = frame.slice();
        return [frame];
      },
    });
    const replayed =
      (frame: Uint8Array | undefined): Tamper =>
      (honest, index) => [index === 0 && frame !== undefined ? frame : honest];
    expect((await exchange(a, b, { toInitiator: replayed(answer) }))[0]).toBe('ATTESTATION_NONCE');
    expect((await exchange(a, b, { toResponder: replayed(closing) }))[1]).toBe('ATTESTATION_NONCE');
  });

  it('refuses a document that was kept for longer than its exchange can take', async () => {
    const clock = new ManualClock();
    const late = await testEnclave(root, 1, {}, clock);
    const [, got] = await exchange(late, b);
    expect(got).toEqual(['for you alone', expect.any(String)]);
    clock.advance(61_000);
    expect((await exchange(late, b))[0]).toBe('ATTESTATION_STALE');
  });

  it('refuses a key, nonce or hello that was exchanged beside a genuine document', async () => {
    let mine: Uint8Array | undefined;
    await exchange(a, b, {
      toInitiator: (frame, index) => {
        if (index === 0) mine = frame.slice();
        return [frame];
      },
    });
    // The key of another exchange, the document of this one.
    const swapped: Tamper = (frame, index) => {
      if (index === 0 && mine !== undefined) {
        const end = frame.length - (frame.length - 1_300);
        frame.set(mine.subarray(80, end), 80);
      }
      return [frame];
    };
    expect((await exchange(a, b, { toInitiator: swapped }))[0]).toBe('ATTESTATION_BINDING');
    const init = hello();
    const responderInit = { ...init, hello: concat(init.hello, Uint8Array.of(0)) };
    expect((await exchange(a, b, { init, responderInit }))[0]).toBe('ATTESTATION_BINDING');
    const otherPurpose = { ...init, purpose: 'nmp-handover/v1' as const };
    expect((await exchange(a, b, { init, responderInit: otherPurpose }))[0]).toBe(
      'ATTESTATION_BINDING',
    );
  });

  it('refuses a ciphertext that the attested initiator did not make', async () => {
    const forged: Tamper = (frame, index) => {
      // Inside the ciphertext, which comes first.
      if (index === 0) frame[200] = (frame[200] ?? 0) ^ 1;
      return [frame];
    };
    expect((await exchange(a, b, { toResponder: forged }))[1]).toBe('ATTESTATION_BINDING');
  });

  it('refuses what was changed in documents or records, and what is no message', async () => {
    expect((await exchange(a, b, { toInitiator: flipped(1) }))[0]).toBe('ATTESTATION_SIGNATURE');
    expect((await exchange(a, b, { toResponder: flipped(1) }))[1]).toBe('ATTESTATION_SIGNATURE');
    const record: Tamper = (frame, index) => {
      if (index === 1) frame[5] = (frame[5] ?? 0) ^ 1;
      return [frame];
    };
    expect((await exchange(a, b, { toResponder: record }))[1]).toBe('RECORD_TAG');
    const junk: Tamper = () => [Uint8Array.of(0xa1, 1)];
    expect((await exchange(a, b, { toInitiator: junk }))[0]).toBe('FRAME_MALFORMED');
    const huge: Tamper = () => [new Uint8Array(20_000).fill(1)];
    expect((await exchange(a, b, { toResponder: huge }))[1]).toBe('FRAME_SIZE');
    const refusal: Tamper = () => [refusedFrame('RECEIPT_BUSY')];
    expect((await exchange(a, b, { toInitiator: refusal }))[0]).toBe('RECEIPT_BUSY');
  });

  it('does not let an answer pass for a closing, so that nobody talks to its own echo', async () => {
    const init = hello();
    const [left, right] = framePair();
    const first = respondMutual(b, init, right, soon()).catch(code);
    const answer = await left.read(soon());
    await left.write(answer);
    expect(await first).toBe('FRAME_MALFORMED');
  });
});
