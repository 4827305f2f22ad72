/**
 * The streams of a QUIC connection. @chainsafe/libp2p-quic brings a muxer of its own, which reads on
 * while a stream is paused, takes a reset for an orderly end and negotiates each stream: here a paused
 * stream is not read, so that QUIC's flow control stops its sender, a reset is a failure, and streams
 * of our own protocols begin without waiting (eager-muxer.ts does the same over TCP).
 */
import type {
  CreateStreamOptions,
  Logger,
  MessageStream,
  MessageStreamDirection,
  StreamMuxerFactory,
  Upgrader,
} from '@libp2p/interface';
import { AbstractStream, AbstractStreamMuxer, type SendResult } from '@libp2p/utils';
import { Uint8ArrayList } from 'uint8arraylist';
import { NmpError } from '../errors.ts';

/** What is used of the addon's stream. */
export interface QuicStreamHandle {
  id(): string;
  /** Null at the end; rejects if the stream or its connection was reset. */
  read(bytes: number): Promise<Uint8Array | null>;
  write(bytes: Uint8Array): Promise<void>;
  finishWrite(): Promise<void>;
  resetWrite(): Promise<void>;
  stopRead(): Promise<void>;
}

/** What is used of the addon's connection. */
export interface QuicConnectionHandle {
  inboundStream(): Promise<QuicStreamHandle>;
  outboundStream(): Promise<QuicStreamHandle>;
}

/** Asked of the addon at once, bytes. */
const READ_BYTES = 64 * 1024;
/** Streams that may come before libp2p listens for them. */
const EARLY_STREAMS_MAX = 64;

class QuicStream extends AbstractStream {
  readonly #handle: QuicStreamHandle;
  #resumed: PromiseWithResolvers<void> | undefined;

  constructor(init: {
    readonly handle: QuicStreamHandle;
    readonly direction: MessageStreamDirection;
    readonly log: Logger;
  }) {
    const { handle, direction, log } = init;
    super({ id: `${direction}-${handle.id()}`, direction, log });
    this.#handle = handle;
    void this.#read();
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const bytes = await this.#handle.read(READ_BYTES);
        if (bytes === null) break;
        await this.#resumed?.promise;
        this.onData(new Uint8ArrayList(bytes));
      }
    } catch {
      // What was cut off must not look like what ended.
      if (this.status === 'open') this.onRemoteReset();
      return;
    }
    await this.#resumed?.promise;
    this.onRemoteCloseWrite();
  }

  override sendData(data: Uint8ArrayList): SendResult {
    // One write at a time: the addon takes it when QUIC has room.
    this.#handle.write(data.subarray()).then(
      () => this.safeDispatchEvent('drain'),
      () => this.abort(new NmpError('CONNECTION_LOST')),
    );
    return { sentBytes: data.byteLength, canSendMore: false };
  }

  override sendReset(): void {
    this.sendResume();
    const gone = () => undefined;
    this.#handle.resetWrite().catch(gone);
    this.#handle.stopRead().catch(gone);
  }

  override async sendCloseWrite(): Promise<void> {
    await this.#handle.finishWrite();
  }

  override async sendCloseRead(): Promise<void> {
    // Read on until the other side's end, which is what a close waits for; the bytes are dropped.
    this.sendResume();
  }

  override sendPause(): void {
    this.#resumed ??= Promise.withResolvers<void>();
  }

  override sendResume(): void {
    this.#resumed?.resolve();
    this.#resumed = undefined;
  }
}

class QuicMuxer extends AbstractStreamMuxer<QuicStream> {
  readonly #connection: QuicConnectionHandle;
  readonly #eager: ReadonlySet<string>;

  constructor(maConn: MessageStream, connection: QuicConnectionHandle, eager: ReadonlySet<string>) {
    super(maConn, { protocol: 'quic', name: 'nmp:quic', maxEarlyStreams: EARLY_STREAMS_MAX });
    this.#connection = connection;
    this.#eager = eager;
    void this.#accept();
  }

  async #accept(): Promise<void> {
    const log = this.maConn.log.newScope('quic');
    while (this.status === 'open') {
      let handle: QuicStreamHandle;
      try {
        handle = await this.#connection.inboundStream();
      } catch {
        // It fails only with the connection, whose end everybody is told of.
        return;
      }
      this.onRemoteStream(new QuicStream({ handle, direction: 'inbound', log }));
    }
  }

  override async onCreateStream({ protocol }: CreateStreamOptions): Promise<QuicStream> {
    const log = this.maConn.log.newScope('quic');
    const handle = await this.#connection.outboundStream();
    const stream = new QuicStream({ handle, direction: 'outbound', log });
    // A stream that has its protocol is not negotiated by libp2p.
    if (protocol !== undefined && this.#eager.has(protocol)) stream.protocol = protocol;
    return stream;
  }

  override onData(): void {
    // QUIC has no bytes beside its streams.
  }
}

/** The addon's connection, of which the package's muxer factory holds the only public reference. */
function connectionOf(factory: StreamMuxerFactory | undefined): QuicConnectionHandle {
  const { init } = (factory ?? {}) as { init?: { connection?: Partial<QuicConnectionHandle> } };
  const connection = init?.connection;
  if (
    typeof connection?.inboundStream !== 'function' ||
    typeof connection.outboundStream !== 'function'
  ) {
    throw new NmpError('INTERNAL', 'libp2p-quic is of another build than this was made for');
  }
  return connection as QuicConnectionHandle;
}

/**
 * The upgrader as the package's transport is to see it: connections get the muxer above.
 * @param eager protocols whose outbound streams are read by `eagerFrames`
 */
export function quicUpgrader(upgrader: Upgrader, eager: ReadonlySet<string>): Upgrader {
  const swapped = <T extends { muxerFactory?: StreamMuxerFactory }>(options: T): T => {
    const connection = connectionOf(options.muxerFactory);
    const muxerFactory: StreamMuxerFactory = {
      protocol: 'quic',
      createStreamMuxer: (maConn) => new QuicMuxer(maConn, connection, eager),
    };
    return { ...options, muxerFactory };
  };
  return {
    upgradeOutbound: (
      maConn: Parameters<Upgrader['upgradeOutbound']>[0],
      options: Parameters<Upgrader['upgradeOutbound']>[1],
    ) => upgrader.upgradeOutbound(maConn, swapped(options)),
    upgradeInbound: (
      maConn: Parameters<Upgrader['upgradeInbound']>[0],
      options: Parameters<Upgrader['upgradeInbound']>[1],
    ) => upgrader.upgradeInbound(maConn, swapped(options)),
    createInboundAbortSignal: (signal) => upgrader.createInboundAbortSignal(signal),
    getStreamMuxers: () => upgrader.getStreamMuxers(),
    getConnectionEncrypters: () => upgrader.getConnectionEncrypters(),
  };
}
