/** The streams of a QUIC connection over an addon that is played by the test. */
import {
  type Logger,
  type MessageStream,
  type Stream,
  type StreamMuxer,
  type StreamMuxerFactory,
  TypedEventEmitter,
  type Upgrader,
} from '@libp2p/interface';
import { describe, expect, it } from 'vitest';
import { libp2pFrames } from '../../../shared/wire/frames.ts';
import {
  type QuicConnectionHandle,
  type QuicStreamHandle,
  quicUpgrader,
} from '../../../shared/wire/quic-muxer.ts';
import { codeOf } from '../../support/code-of.ts';

const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

/** A stream whose other side is the test; counts how often it was read. */
class Played implements QuicStreamHandle {
  readonly written: Uint8Array[] = [];
  readonly #index: number;
  #waiting: PromiseWithResolvers<Uint8Array | null> | undefined;
  reads = 0;
  finished = false;
  reset = false;

  constructor(index: number) {
    this.#index = index;
  }
  id() {
    return `${this.#index}`;
  }
  read() {
    this.reads++;
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }
  give(bytes: Uint8Array | null) {
    this.#waiting?.resolve(bytes);
  }
  cut() {
    this.#waiting?.reject(new Error('reset'));
  }
  async write(bytes: Uint8Array) {
    this.written.push(bytes);
  }
  async finishWrite() {
    this.finished = true;
  }
  async resetWrite() {
    this.reset = true;
  }
  async stopRead() {
    this.cut();
  }
}

const nothing = () => undefined;
const log: Logger = Object.assign(nothing, {
  enabled: false,
  error: nothing,
  trace: nothing,
  newScope: () => log,
});

class Conn extends TypedEventEmitter<Record<string, Event>> {
  readonly log = log;
}

async function muxed(
  eager: readonly string[] = [],
  coming: readonly (QuicStreamHandle | Promise<QuicStreamHandle>)[] = [],
  asked: () => void = () => undefined,
) {
  const inbound = coming[Symbol.iterator]();
  const never = new Promise<QuicStreamHandle>(() => undefined);
  const opened: Played[] = [];
  const connection: QuicConnectionHandle = {
    inboundStream: async () => {
      asked();
      return inbound.next().value ?? never;
    },
    outboundStream: async () => {
      const played = new Played(opened.length);
      opened.push(played);
      return played;
    },
  };
  let factory: StreamMuxerFactory | undefined;
  const seen = {
    upgradeOutbound: async (_: unknown, options: { muxerFactory?: StreamMuxerFactory }) => {
      factory = options.muxerFactory;
    },
  } as unknown as Upgrader;
  const options = { muxerFactory: { init: { connection } } };
  await quicUpgrader(seen, new Set(eager)).upgradeOutbound(
    undefined as never,
    options as unknown as Parameters<Upgrader['upgradeOutbound']>[1],
  );
  const conn = new Conn();
  const muxer = factory?.createStreamMuxer(conn as unknown as MessageStream) as StreamMuxer;
  const open = async (protocol?: string) => {
    const stream = await muxer.createStream(protocol === undefined ? {} : { protocol });
    return { stream, played: opened.at(-1) as Played };
  };
  return { muxer, open, conn };
}

describe('a stream over QUIC', () => {
  it('is not read while it is paused, so that its sender waits', async () => {
    const { open } = await muxed();
    const { stream, played } = await open();
    const got: number[] = [];
    stream.addEventListener('message', ({ data }) => got.push(data.byteLength));
    played.give(new Uint8Array(10));
    await settle();
    stream.pause();
    played.give(new Uint8Array(20));
    await settle();
    const { reads } = played;
    expect(got).toEqual([10]);
    await settle();
    expect(played.reads).toBe(reads);
    stream.resume();
    await settle();
    expect(got).toEqual([10, 20]);
    expect(played.reads).toBe(reads + 1);
  });

  it('tells a reset from an end', async () => {
    const { open } = await muxed();
    const [cut, ended] = [await open(), await open()];
    const errors: unknown[] = [];
    const listen = ({ stream }: { stream: Stream }) => {
      stream.addEventListener('close', (event) => errors.push(event.error?.name));
    };
    listen(cut);
    listen(ended);
    cut.played.cut();
    await settle();
    expect(errors).toEqual(['StreamResetError']);
    expect(cut.stream.status).toBe('reset');
    ended.played.give(null);
    await ended.stream.close();
    await settle();
    expect(ended.played.finished).toBe(true);
    expect(errors).toEqual(['StreamResetError', undefined]);
    expect(ended.stream.status).toBe('closed');
  });

  it('that was cut in the middle of a frame fails its reader', async () => {
    const { open } = await muxed();
    const { stream, played } = await open();
    const frames = libp2pFrames(stream);
    const read = frames.read().catch((error: { code: string }) => error.code);
    played.give(Uint8Array.of(5, 1, 2));
    await settle();
    played.cut();
    expect(await read).toBe('CONNECTION_LOST');
  });

  it('of our own protocols begins without negotiation', async () => {
    const { open } = await muxed(['/own/1']);
    expect((await open('/own/1')).stream.protocol).toBe('/own/1');
    expect((await open('/other/1')).stream.protocol).toBe('');
  });

  it('is told to the other side when it is aborted', async () => {
    const { open } = await muxed();
    const { stream, played } = await open();
    stream.pause();
    stream.abort(new Error('over'));
    await settle();
    expect(played.reset).toBe(true);
  });

  it('writes one thing at a time, and says when there is room', async () => {
    const { open } = await muxed();
    const { stream, played } = await open();
    const room = Promise.withResolvers<void>();
    played.write = (bytes) => {
      played.written.push(bytes);
      return room.promise;
    };
    let drained = 0;
    stream.addEventListener('drain', () => drained++);
    expect(stream.send(Uint8Array.of(1))).toBe(false);
    await settle();
    expect([played.written.length, drained]).toEqual([1, 0]);
    room.resolve();
    await settle();
    expect(drained).toBe(1);
  });

  it('is given up when the addon cannot write', async () => {
    const { open } = await muxed();
    const { stream, played } = await open();
    played.write = async () => {
      throw new Error('gone');
    };
    stream.send(Uint8Array.of(1));
    await settle();
    expect(stream.status).toBe('aborted');
    expect(played.reset).toBe(true);
  });

  it('that waits paused is let go when it is aborted or closed', async () => {
    for (const end of ['abort', 'closeRead'] as const) {
      const { open } = await muxed();
      const { stream, played } = await open();
      stream.pause();
      played.give(new Uint8Array(20));
      await settle();
      const { reads } = played;
      if (end === 'abort') stream.abort(new Error('over'));
      else void stream.closeRead();
      await settle();
      expect([end, played.reads]).toEqual([end, reads + 1]);
    }
  });

  it('of the other side comes to whoever listens', async () => {
    const played = [new Played(7), new Played(8)];
    const waiting = Promise.withResolvers<QuicStreamHandle>();
    const { muxer } = await muxed([], [...played, waiting.promise]);
    const got: string[] = [];
    muxer.addEventListener('stream', ({ detail }) => {
      got.push(`${detail.id} ${detail.direction}`);
    });
    await settle();
    expect(got.sort()).toEqual(['inbound-7 inbound', 'inbound-8 inbound']);
  });

  it('is asked for no more once its connection has ended', async () => {
    let asked = 0;
    const come = Promise.withResolvers<QuicStreamHandle>();
    const { conn } = await muxed([], [come.promise], () => asked++);
    expect(asked).toBe(1);
    conn.dispatchEvent(new Event('close'));
    come.resolve(new Played(1));
    await settle();
    expect(asked).toBe(1);
  });

  it('ends with its connection', async () => {
    const { open, conn, muxer } = await muxed();
    const { stream } = await open();
    conn.dispatchEvent(new Event('close'));
    expect(stream.status).toBe('closed');
    expect(muxer.status).toBe('closed');
  });

  it('is refused where the package is of another build', () => {
    const call = () =>
      quicUpgrader({} as Upgrader, new Set()).upgradeOutbound(
        undefined as never,
        { muxerFactory: {} } as unknown as Parameters<Upgrader['upgradeOutbound']>[1],
      );
    expect(codeOf(call)).toBe('INTERNAL');
  });
});
