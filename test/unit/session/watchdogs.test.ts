import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openWatch, type WatchStream } from '../../../client/session/watch-stream.ts';
import { serveCall } from '../../../enclave/session/serve.ts';
import { SessionStore } from '../../../enclave/session/session-store.ts';
import {
  DEFAULT_WATCHDOG_LIMITS,
  type WatchdogLimits,
  Watchdogs,
} from '../../../enclave/session/watchdogs.ts';
import { fromHex, toHex } from '../../../shared/bytes.ts';
import { deriveStreamKeys } from '../../../shared/crypto/key-schedule.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import type { NmpError } from '../../../shared/errors.ts';
import { LogicRequest, LogicResponse } from '../../../shared/wire/codec.ts';
import type { FrameChannel } from '../../../shared/wire/frames.ts';
import { RecordWriter } from '../../../shared/wire/records.ts';
import { encodeRefusal } from '../../../shared/wire/refusal.ts';
import { assertTrigger, lookNonce, WATCH, type WatchTrigger } from '../../../shared/wire/watch.ts';
import { ManualClock, seededRandom } from '../../support/clock.ts';
import { codeOf, codeOfAsync } from '../../support/code-of.ts';
import { framePair } from '../../support/frames.ts';

const suite = createNodeSuite();
const TRIGGER: WatchTrigger = { everyMs: 10_000, events: 3, ttlMs: 600_000, changes: false };
const NONCE = new Uint8Array(32).fill(7);
const LONG = 5_000;

const secretsOf = () => ({
  clientToNode: new Uint8Array(32).fill(1),
  nodeToClient: new Uint8Array(32).fill(2),
});

const refused = () =>
  encodeRefusal({
    stage: 'egress',
    code: 'EGRESS_QUOTA',
    countBucket: '0',
    retryable: false,
    auditId: 'AAAAAAAAAAAAAAAAAAAAAA',
    reasons: [],
  });

/** A node whose looks answer as told; sleeping moves its clock. */
function world(
  answers: (look: number) => string | undefined,
  limits: Partial<WatchdogLimits> = {},
) {
  const clock = new ManualClock();
  const sessions = new SessionStore({ clock, random: seededRandom(1) });
  const slept: number[] = [];
  const looks: LogicRequest[] = [];
  const hold: { asleep?: () => void } = {};
  const calls = async (request: LogicRequest) => {
    looks.push(request);
    const answer = answers(looks.length);
    return answer === undefined ? refused() : LogicResponse.encode({ semanticEvidence: answer });
  };
  const sleep = async (ms: number, signal: AbortSignal) => {
    slept.push(ms);
    hold.asleep?.();
    if (hold.asleep !== undefined) {
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(new Error('woken')), { once: true }),
      );
    }
    clock.advance(ms);
  };
  const watchdogs = new Watchdogs(
    { suite, clock, calls, sleep },
    { ...DEFAULT_WATCHDOG_LIMITS, ...limits },
  );
  const session = sessions.add({
    token: 'token',
    peer: 'peer',
    secrets: secretsOf(),
    transcript: new Uint8Array(48),
  });
  return { clock, sessions, session, slept, looks, hold, watchdogs, calls };
}

/** Leaves a watchdog over a pair of streams: the client's end, and how serving it ended. */
async function deploy(
  at: ReturnType<typeof world>,
  trigger: WatchTrigger = TRIGGER,
  changed: {
    readonly request?: Partial<LogicRequest>;
    readonly nodeEnd?: (frames: FrameChannel) => FrameChannel;
    readonly stream?: bigint;
  } = {},
) {
  const [a, b] = framePair();
  const { clock, sessions, watchdogs, calls } = at;
  const stream = changed.stream ?? 1n;
  const closed = new AbortController();
  const served = serveCall(
    { suite, clock, sessions, calls, watchdogs, nsm: Object() },
    { id: 'peer', multihash: new Uint8Array(0) },
    changed.nodeEnd?.(b) ?? b,
    closed.signal,
  ).then(
    () => 'ok',
    (error: NmpError) => {
      b.abort(error);
      return error.code;
    },
  );
  const opened = openWatch(
    { suite, frames: a },
    {
      secrets: secretsOf(),
      stream,
      opener: LogicRequest.encode({ sessionToken: 'token', stream }),
    },
    { requestNonce: NONCE, ...changed.request, watch: trigger },
    { signal: AbortSignal.timeout(LONG), silenceMs: LONG },
  );
  opened.catch(() => undefined);
  return { opened, served, closed };
}

async function events(stream: WatchStream) {
  const told: [number, string][] = [];
  try {
    for (;;) {
      const { look, semanticEvidence, refusal } = await stream.next(AbortSignal.timeout(LONG));
      told.push([Number(look), refusal?.code ?? semanticEvidence]);
    }
  } catch (error) {
    return { told, end: (error as NmpError).code };
  }
}

describe('a watchdog left with a node', () => {
  it('looks at once and after each pause, until it has told its events', async () => {
    const at = world((look) => `${look}`);
    const { opened, served } = await deploy(at);
    const stream = await opened;
    expect(stream.granted).toEqual(TRIGGER);
    const { told, end } = await events(stream);
    expect(told).toEqual([
      [1, '1'],
      [2, '2'],
      [3, '3'],
    ]);
    expect(end).toBe('WATCH_ENDED');
    expect(await served).toBe('ok');
    expect(at.slept).toEqual([10_000, 10_000]);
    expect(at.watchdogs.size).toBe(0);
    expect(at.watchdogs.heldBytes).toBe(0);
  });

  it('gives each look a nonce of its own, as the vectors have it', async () => {
    const file = new URL('../../vectors/watch.json', import.meta.url);
    const { looks } = JSON.parse(readFileSync(file, 'utf8'));
    for (const { requestNonce, look, nonce } of looks) {
      const from = fromHex(requestNonce) ?? new Uint8Array(0);
      expect(toHex(lookNonce(suite, from, BigInt(look)))).toBe(nonce);
    }
    const at = world(() => 'same');
    await events(await (await deploy(at)).opened);
    expect(at.looks.map(({ requestNonce }) => toHex(requestNonce))).toEqual(
      [1n, 2n, 3n].map((look) => toHex(lookNonce(suite, NONCE, look))),
    );
    expect(at.looks.every(({ watch }) => watch === undefined)).toBe(true);
  });

  it('tells of changes alone if asked to, also of a refusal', async () => {
    const answers = ['a', 'a', 'b', undefined, undefined, 'b', 'b', 'c'];
    const at = world((look) => answers[look - 1]);
    const { opened } = await deploy(at, { ...TRIGGER, events: 5, changes: true });
    const { told } = await events(await opened);
    expect(told).toEqual([
      [1, 'a'],
      [3, 'b'],
      [4, 'EGRESS_QUOTA'],
      [6, 'b'],
      [8, 'c'],
    ]);
  });

  it('backs off while it is refused, and gives up', async () => {
    const at = world(() => undefined, { refusals: 4 });
    const { opened } = await deploy(at, { ...TRIGGER, everyMs: 3_000, events: 100 });
    const { told, end } = await events(await opened);
    expect(told.length).toBe(4);
    expect(end).toBe('WATCH_ENDED');
    expect(at.slept).toEqual([6_000, 12_000, 24_000]);
  });

  it('ends with its time, and never later than its session', async () => {
    const short = world(() => 'x');
    const first = await deploy(short, { ...TRIGGER, events: 100, ttlMs: 25_000 });
    expect((await events(await first.opened)).told.length).toBe(3);
    expect(short.slept).toEqual([10_000, 10_000, 5_000]);

    const old = world(() => 'x');
    old.clock.advance(old.sessions.ttlMs - 15_000);
    const second = await deploy(old, { ...TRIGGER, events: 100 });
    const stream = await second.opened;
    expect(stream.granted.ttlMs).toBe(15_000);
    expect((await events(stream)).told.length).toBe(2);
  });

  it('gives a pulse while there is nothing to tell', async () => {
    const at = world(() => 'x');
    const { opened } = await deploy(at, { ...TRIGGER, everyMs: 100_000, events: 2 });
    expect((await events(await opened)).told.length).toBe(2);
    expect(at.slept).toEqual([30_000, 30_000, 30_000, 10_000]);
  });

  it('is gone when its client closes it', async () => {
    const at = world(() => 'x');
    const asleep = Promise.withResolvers<void>();
    at.hold.asleep = asleep.resolve;
    const { opened, served, closed } = await deploy(at);
    await opened;
    await asleep.promise;
    expect(at.watchdogs.size).toBe(1);
    closed.abort();
    expect(await served).not.toBe('ok');
    expect(at.watchdogs.size).toBe(0);
    expect(at.looks.length).toBe(1);
  });

  it('is gone when its session ends, and looks no more', async () => {
    const at = world(() => 'x');
    const asleep = Promise.withResolvers<void>();
    at.hold.asleep = asleep.resolve;
    const { opened, served } = await deploy(at);
    await opened;
    await asleep.promise;
    at.sessions.drop('token');
    expect(await served).toBe('SESSION_UNKNOWN');
    expect(at.watchdogs.size).toBe(0);
    expect(at.looks.length).toBe(1);
  });

  it('waits for a slow reader with one event, and lets it go in time', async () => {
    const at = world((look) => `${look}`, { takeMs: 30 });
    let written = 0;
    const full = (frames: FrameChannel): FrameChannel => ({
      ...frames,
      write: async (frame, signal) => {
        written++;
        if (written === 1) return frames.write(frame, signal);
        return new Promise((_, reject) =>
          signal?.addEventListener('abort', () => reject(signal.reason), { once: true }),
        );
      },
    });
    const { opened, served } = await deploy(at, TRIGGER, { nodeEnd: full });
    await opened;
    expect(await served).not.toBe('ok');
    expect(at.looks.length).toBe(1);
    expect(at.watchdogs.size).toBe(0);
  });

  it('is one of few: by peer, in all, and by what they hold', async () => {
    const at = world(() => 'x', { perPeer: 2, total: 3, heldBytes: 1000 });
    const bare = (moduleBytes: number) =>
      LogicRequest.decode(LogicRequest.encode({ watch: TRIGGER, moduleBytes }));
    const { watchdogs } = at;
    const first = watchdogs.admit('a', bare(600));
    expect(codeOf(() => watchdogs.admit('a', bare(401)))).toBe('WATCH_LIMIT');
    watchdogs.admit('a', bare(400));
    expect(codeOf(() => watchdogs.admit('a', bare(0)))).toBe('WATCH_LIMIT');
    watchdogs.admit('b', bare(0));
    expect(codeOf(() => watchdogs.admit('c', bare(0)))).toBe('WATCH_LIMIT');
    first.release();
    first.release();
    expect([watchdogs.size, watchdogs.heldBytes]).toEqual([2, 400]);
    watchdogs.admit('c', bare(600));
  });

  it('holds out against a flood of them', async () => {
    const at = world(() => 'x');
    const asleep = Promise.withResolvers<void>();
    let sleeping = 0;
    at.hold.asleep = () => {
      if (++sleeping === 4) asleep.resolve();
    };
    const many = await Promise.all(
      Array.from({ length: 60 }, (_, i) => deploy(at, TRIGGER, { stream: BigInt(i + 1) })),
    );
    await asleep.promise;
    expect(at.watchdogs.size).toBe(4);
    for (const { closed } of many) closed.abort();
    const ends = await Promise.all(many.map(({ served }) => served));
    expect(ends.filter((end) => end === 'WATCH_LIMIT').length).toBe(56);
    expect(at.looks.length).toBe(4);
    expect(at.watchdogs.size).toBe(0);
  });

  it('refuses a trigger out of bounds, a proof and a job', async () => {
    for (const wrong of [
      { everyMs: WATCH.everyMsMin - 1 },
      { everyMs: WATCH.everyMsMax + 1 },
      { everyMs: 1000.5 },
      { events: 0 },
      { events: WATCH.eventsMax + 1 },
      { ttlMs: 0 },
      { ttlMs: WATCH.ttlMsMax + 1 },
    ]) {
      expect(codeOf(() => assertTrigger({ ...TRIGGER, ...wrong }))).toBe('WATCH_TRIGGER');
    }
    const at = world(() => 'x');
    const outOf = await deploy(at, { ...TRIGGER, events: 0 }, { stream: 1n });
    expect(await outOf.served).toBe('WATCH_TRIGGER');
    const proof = { request: { proofMode: 'stark-composite' }, stream: 2n };
    expect(await (await deploy(at, TRIGGER, proof)).served).toBe('CALL_PROOF_MODE');
    const job = { request: { job: 'j' }, stream: 3n };
    expect(await (await deploy(at, TRIGGER, job)).served).toBe('FRAME_MALFORMED');
    expect(at.looks.length).toBe(0);
  });

  it('cannot be opened on a session that is over', async () => {
    const at = world(() => 'x');
    at.clock.advance(at.sessions.ttlMs);
    const { served } = await deploy(at);
    expect(await served).toBe('SESSION_UNKNOWN');
  });
});

describe('the client of a watchdog', () => {
  /** A node that writes what it is told to, sealed as it should be. */
  async function lying(...messages: Partial<LogicResponse>[]) {
    const [a, b] = framePair();
    const keys = deriveStreamKeys(suite, secretsOf(), 1n);
    const writer = new RecordWriter({ suite, frames: b }, { key: keys.nodeToClient, stream: 1n });
    for (const message of messages) await writer.writeMessage(LogicResponse.encode(message));
    return openWatch(
      { suite, frames: a },
      { secrets: secretsOf(), stream: 1n, opener: Uint8Array.of(1) },
      { watch: TRIGGER },
      { signal: AbortSignal.timeout(LONG), silenceMs: 40 },
    );
  }

  it('follows a node no further than it granted', async () => {
    for (const granted of [
      undefined,
      { ...TRIGGER, events: 4 },
      { ...TRIGGER, everyMs: 1000 },
      { ...TRIGGER, ttlMs: TRIGGER.ttlMs + 1 },
      { ...TRIGGER, changes: true },
    ]) {
      const opening = lying(granted === undefined ? { look: 1n } : { watch: granted });
      expect(await codeOfAsync(opening)).toBe('WATCH_TRIGGER');
    }
  });

  it('takes no event twice, none that goes back, none beyond the last', async () => {
    const back = await lying({ watch: TRIGGER }, { look: 2n }, { look: 2n });
    expect((await events(back)).end).toBe('WATCH_SILENT');
    const more = [1n, 2n, 3n, 4n].map((look) => ({ look }));
    const beyond = await events(await lying({ watch: TRIGGER }, ...more));
    expect(beyond.told.length).toBe(3);
    expect(beyond.end).toBe('WATCH_SILENT');
  });

  it('takes nothing after the end', async () => {
    const stream = await lying({ watch: TRIGGER }, { look: 1n }, {}, { look: 2n });
    expect(await events(stream)).toEqual({ told: [[1, '']], end: 'WATCH_ENDED' });
    expect(await codeOfAsync(stream.next(AbortSignal.timeout(LONG)))).toBeDefined();
  });

  it('notices that a node is held back', async () => {
    const stream = await lying({ watch: TRIGGER }, { look: 1n });
    expect(await events(stream)).toEqual({ told: [[1, '']], end: 'WATCH_SILENT' });
  });
});
