import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SimulatedRoot } from '../../../../enclave/attest/simulated-root.ts';
import { runProverRole } from '../../../../enclave/prove/jobs/prover-role.ts';
import {
  createRemoteProver,
  REMOTE_TRIES,
  type RemoteProverInit,
} from '../../../../enclave/prove/jobs/remote-prover.ts';
import type { Prover } from '../../../../enclave/prove/prover.ts';
import { concat, utf8 } from '../../../../shared/bytes.ts';
import { NmpError } from '../../../../shared/errors.ts';
import { systemClock } from '../../../../shared/runtime.ts';
import { createSealVerifier, sealJournal } from '../../../sim/seal.ts';
import { codeOfAsync } from '../../../support/code-of.ts';
import {
  DOUBLE_IMAGE,
  doubleProver,
  doubleQuote,
  doubleReceipt,
  type Proving,
} from '../../../support/double-prover.ts';
import { type TestEnclave, testEnclave, testRoot } from '../../../support/enclaves.ts';
import { MemoryBroker } from '../../../support/memory-broker.ts';

const LEASE_MS = 300;
let root: SimulatedRoot;
let node: TestEnclave;
let equal: TestEnclave;
let stranger: TestEnclave;

beforeAll(async () => {
  root = await testRoot(systemClock);
  const enclave = (mark: number) => testEnclave(root, mark, {}, systemClock);
  [node, equal, stranger] = [await enclave(1), await enclave(1), await enclave(9)];
});

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

function startProver(
  broker: MemoryBroker,
  onProve: (proving: Proving) => void,
  enclave: TestEnclave = equal,
): AbortController {
  const stop = new AbortController();
  stops.push(stop);
  const prover = doubleProver(onProve);
  void runProverRole({ ...enclave, broker, prover }, { leaseMs: LEASE_MS }, stop.signal);
  return stop;
}

async function remote(broker: MemoryBroker, init: Partial<RemoteProverInit> = {}, local?: Prover) {
  const fails: Prover = {
    imageId: DOUBLE_IMAGE,
    quote: async (request) => doubleQuote(request),
    prove: () => Promise.reject(new NmpError('INTERNAL')),
  };
  return createRemoteProver(
    {
      ...node,
      broker,
      local: local ?? fails,
      seals: await createSealVerifier(),
      imageOf: async () => DOUBLE_IMAGE,
      availableMemory: () => Number.POSITIVE_INFINITY,
    },
    { leaseMs: LEASE_MS, waitMs: 3_000, fallback: 'refuse', ...init },
  );
}

const secret = utf8('patient 4711 has a fever, and nobody shall read it');
const never = new AbortController().signal;
const prove = (
  prover: Prover,
  signal = never,
  onProgress: (proven: number) => void = () => undefined,
) => prover.prove(secret, signal, ({ proven }) => onProgress(proven), doubleQuote(secret));

const holds = (bytes: Uint8Array, part: Uint8Array) =>
  Buffer.from(bytes).includes(Buffer.from(part));

describe('a proof made elsewhere', () => {
  it('comes back verified, with progress, and nothing of the request is seen on the way', async () => {
    const broker = new MemoryBroker();
    const seen: number[] = [];
    startProver(broker, async (proving) => {
      expect(proving.request).toEqual(secret);
      proving.progress(2);
      await new Promise((resolve) => setTimeout(resolve, LEASE_MS / 2));
      proving.done();
    });
    const receipt = await prove(await remote(broker), never, (proven) => void seen.push(proven));
    expect(receipt).toEqual(doubleReceipt(secret));
    expect(seen).toContain(2);
    const everything = [...broker.offers, ...broker.passed.map(({ body }) => body)];
    for (const bytes of everything) {
      expect(holds(bytes, secret.subarray(0, 12))).toBe(false);
      expect(holds(bytes, receipt.subarray(0, 64))).toBe(false);
    }
    expect(broker.offers.length).toBe(1);
    // The prover's box is closed a turn later.
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(broker.openBoxes).toBe(0);
  });

  it('is not given to a prover of other measurements, nor taken from a node of others', async () => {
    const broker = new MemoryBroker();
    const asked: Proving[] = [];
    startProver(broker, (proving) => asked.push(proving), stranger);
    expect(await codeOfAsync(prove(await remote(broker, { waitMs: 2_000 })))).toBe(
      'RECEIPT_NO_PROVER',
    );
    expect(asked).toEqual([]);
    // It bid and was judged.
    expect(broker.passed.length).toBeGreaterThan(0);

    const trusting = new MemoryBroker();
    startProver(trusting, (proving) => asked.push(proving));
    const judge = async () => undefined;
    const naive = createRemoteProver(
      {
        ...stranger,
        judge,
        broker: trusting,
        local: doubleProver(() => undefined),
        seals: await createSealVerifier(),
        imageOf: async () => DOUBLE_IMAGE,
        availableMemory: () => 0,
      },
      { leaseMs: LEASE_MS, waitMs: 1_500, fallback: 'refuse' },
    );
    expect(await codeOfAsync(prove(naive))).toBe('RECEIPT_NO_PROVER');
    expect(asked).toEqual([]);
  });

  it('goes on with another prover when one dies or falls silent, sealed anew', async () => {
    const broker = new MemoryBroker();
    const asked: string[] = [];
    const first = Promise.withResolvers<Proving>();
    const dying = startProver(broker, (proving) => {
      asked.push('first');
      first.resolve(proving);
    });
    const receipt = prove(await remote(broker));
    const silent = await first.promise;
    // Nothing of it is heard any more, as of a machine without power; then another is there.
    broker.interfere = () => [];
    dying.abort();
    startProver(broker, (proving) => {
      asked.push('second');
      proving.done();
    });
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS / 2));
    broker.interfere = (message) => [message];
    expect(await receipt).toEqual(doubleReceipt(secret));
    expect(asked).toEqual(['first', 'second']);
    expect(silent.signal.aborted).toBe(true);
    expect(broker.offers.length).toBe(2);
  });

  it('is gone on with when a prover dies before it has proved what it is', async () => {
    const broker = new MemoryBroker();
    const taken = await Promise.all([
      broker.take(AbortSignal.timeout(2_000)),
      prove(await remote(broker), AbortSignal.timeout(LEASE_MS)).catch(() => undefined),
    ]).then(([first]) => first);
    expect(taken.offer).toEqual(broker.offers[0]);
    const receipt = prove(await remote(broker));
    const dead = await broker.take(AbortSignal.timeout(2_000));
    startProver(broker, (proving) => proving.done());
    dead.again();
    expect(await receipt).toEqual(doubleReceipt(secret));
    expect(broker.offers.length).toBe(2);
  });

  it('is offered anew when the broker lost the offer', async () => {
    const broker = new MemoryBroker();
    let lost = 0;
    broker.tamperOffer = (offer) => (lost++ === 0 ? [] : [offer]);
    startProver(broker, (proving) => proving.done());
    expect(await prove(await remote(broker))).toEqual(doubleReceipt(secret));
    expect(broker.offers.length).toBe(2);
    const [first, second] = broker.offers;
    expect(first).not.toEqual(second);
  });

  it.each([
    [
      'is about another run',
      sealJournal(DOUBLE_IMAGE, doubleQuote(utf8('x')).journal),
      'RECEIPT_DIVERGED',
    ],
    [
      'is of another image',
      sealJournal(new Uint8Array(32), doubleQuote(secret).journal),
      'RECEIPT_IMAGE',
    ],
    [
      'is not sealed',
      doubleReceipt(secret).map((byte, i) => (i === 300 ? byte ^ 1 : byte)),
      'RECEIPT_SEAL',
    ],
    ['is none', new Uint8Array(0), 'RECEIPT_MALFORMED'],
  ])('whose receipt %s is refused, and tried so often', async (_, receipt, code) => {
    const broker = new MemoryBroker();
    let tries = 0;
    startProver(broker, (proving) => {
      tries++;
      proving.done(receipt);
    });
    expect(await codeOfAsync(prove(await remote(broker)))).toBe(code);
    expect(tries).toBe(REMOTE_TRIES);
  });

  it('that fails at the prover is tried so often, then refused with its code', async () => {
    const broker = new MemoryBroker();
    let tries = 0;
    startProver(broker, (proving) => {
      tries++;
      proving.fail(new NmpError('RECEIPT_PROVER'));
    });
    expect(await codeOfAsync(prove(await remote(broker)))).toBe('RECEIPT_PROVER');
    expect(tries).toBe(REMOTE_TRIES);
  });

  it('is made here, one at a time, where the configuration says so', async () => {
    let at = 0;
    let most = 0;
    const local = doubleProver(async (proving) => {
      most = Math.max(most, ++at);
      await new Promise((resolve) => setTimeout(resolve, 30));
      at--;
      proving.done();
    });
    const prover = await remote(new MemoryBroker(), { waitMs: 50, fallback: 'here' }, local);
    const receipts = await Promise.all([prove(prover), prove(prover)]);
    expect(receipts).toEqual([doubleReceipt(secret), doubleReceipt(secret)]);
    expect(most).toBe(1);
  });

  it('ends at once when it is cancelled, and at the prover, too', async () => {
    const broker = new MemoryBroker();
    const cancel = new AbortController();
    const { promise, resolve } = Promise.withResolvers<Proving>();
    startProver(broker, resolve);
    const ended = codeOfAsync(prove(await remote(broker), cancel.signal));
    const proving = await promise;
    cancel.abort();
    expect(await ended).toBe('INTERRUPTED');
    await new Promise((done) => setTimeout(done, 50));
    expect(proving.signal.aborted).toBe(true);
  });

  it('is given up by a prover whose node is gone', async () => {
    const broker = new MemoryBroker();
    const { promise, resolve } = Promise.withResolvers<Proving>();
    startProver(broker, resolve);
    void prove(await remote(broker)).catch(() => undefined);
    const proving = await promise;
    broker.interfere = () => [];
    await new Promise((done) => setTimeout(done, 3 * LEASE_MS));
    expect(proving.signal.aborted).toBe(true);
  });

  it('is held by one prover: a second that is offered the same is told to come again', async () => {
    const broker = new MemoryBroker();
    const asked: Proving[] = [];
    startProver(broker, (proving) => asked.push(proving));
    startProver(broker, (proving) => asked.push(proving));
    broker.tamperOffer = (offer) => [offer, offer];
    const receipt = prove(await remote(broker));
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS));
    expect(asked.length).toBe(1);
    asked[0]?.done();
    expect(await receipt).toEqual(doubleReceipt(secret));
  });

  it('survives what the way does to its frames, or ends with a code', async () => {
    const attacks: ((to: string, body: Uint8Array) => readonly Uint8Array[])[] = [
      (_, body) => [body, body],
      (_, body) => [body.map((byte, i) => (i === body.length - 1 ? byte ^ 1 : byte))],
      (_, body) => [body.subarray(0, 10)],
      (_, body) => [concat(body.subarray(0, 16), utf8('junk'))],
      () => [],
    ];
    for (const attack of attacks) {
      const broker = new MemoryBroker();
      let spared = 0;
      broker.interfere = ({ to, body }) =>
        // Every third message gets through, so that each stage is met.
        spared++ % 3 === 0
          ? [{ to, body }]
          : attack(to, body).map((told) => ({ to, body: Uint8Array.from(told) }));
      startProver(broker, (proving) => proving.done());
      const outcome = await prove(await remote(broker, { waitMs: 1_500 })).then(
        (receipt) => receipt,
        (error: unknown) => (error instanceof NmpError ? error.code : String(error)),
      );
      if (outcome instanceof Uint8Array) expect(outcome).toEqual(doubleReceipt(secret));
      else expect(outcome).toMatch(/^RECEIPT_/);
    }
  }, 60_000);

  it('is not hindered by bidders that are none, nor does the node keep what they pour in', async () => {
    const broker = new MemoryBroker();
    let poured = false;
    broker.interfere = (message) => {
      if (poured) return [message];
      poured = true;
      // The first thing on its way is a bid: strangers are there before it, with a lot to say.
      const flood = Array.from({ length: 8 }, (_, i) =>
        Array.from({ length: 20 }, () => ({
          to: message.to,
          body: concat(new Uint8Array(16).fill(i), new Uint8Array(60_000).fill(1)),
        })),
      );
      return [...flood.flat(), message];
    };
    startProver(broker, (proving) => proving.done());
    startProver(broker, (proving) => proving.done());
    expect(await prove(await remote(broker))).toEqual(doubleReceipt(secret));
  });

  it('is not begun by offers that are no offers', async () => {
    const broker = new MemoryBroker();
    const asked: Proving[] = [];
    broker.tamperOffer = () => [
      new Uint8Array(0),
      new Uint8Array(4_000),
      utf8('offer'),
      Uint8Array.of(0xa0),
    ];
    startProver(broker, (proving) => asked.push(proving));
    expect(await codeOfAsync(prove(await remote(broker, { waitMs: 200 })))).toBe(
      'RECEIPT_NO_PROVER',
    );
    expect(broker.passed).toEqual([]);
    expect(asked).toEqual([]);
  });
});
