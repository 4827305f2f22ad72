/**
 * TCP that does not wait for multistream-select. The proposal of Noise and the first message of
 * Noise leave together; the listener's acceptance is compared and taken out of what comes back.
 * Saves one round trip a connection. Only Noise is ever proposed: a listener that answers anything
 * else is left, so there is nothing to downgrade to.
 */
import { connect, type Socket } from 'node:net';
import {
  type ConnectionEncrypter,
  type CreateListenerOptions,
  type DialTransportOptions,
  type Listener,
  type Logger,
  type PeerId,
  serviceCapabilities,
  type Transport,
  transportSymbol,
} from '@libp2p/interface';
import { type NoiseComponents, noise } from '@libp2p/noise';
import { peerIdFromString } from '@libp2p/peer-id';
import { type TCPComponents, tcp } from '@libp2p/tcp';
import { AbstractMultiaddrConnection, getNetConfig, type SendResult } from '@libp2p/utils';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Uint8ArrayList } from 'uint8arraylist';
import { concat, equalBytes } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import { MULTISTREAM, multistreamMessage } from '../../shared/wire/multistream.ts';

const NOISE = '/noise';
/** A connection without a byte for this long is ended. */
const IDLE_TIMEOUT_MS = 10 * 60_000;

/** A dialled socket whose first bytes must be `acceptance`; those are not passed on. */
class EagerConnection extends AbstractMultiaddrConnection {
  readonly #socket: Socket;
  readonly #acceptance: Uint8Array;
  #accepted = 0;

  constructor(init: {
    socket: Socket;
    remoteAddr: Multiaddr;
    log: Logger;
    acceptance: Uint8Array;
  }) {
    super({ ...init, direction: 'outbound', inactivityTimeout: IDLE_TIMEOUT_MS });
    this.#socket = init.socket;
    this.#acceptance = init.acceptance;
    this.#socket.on('data', (bytes) => this.#take(bytes));
    this.#socket.on('error', (error) => this.abort(error));
    this.#socket.on('drain', () => this.safeDispatchEvent('drain'));
    this.#socket.setTimeout(IDLE_TIMEOUT_MS, () => this.abort(new NmpError('TIMEOUT')));
    this.#socket.once('end', () => this.onTransportClosed());
    this.#socket.once('close', () => this.onTransportClosed());
  }

  #take(bytes: Uint8Array): void {
    const due = this.#acceptance.subarray(this.#accepted, this.#accepted + bytes.length);
    if (!equalBytes(bytes.subarray(0, due.length), due)) {
      this.abort(new NmpError('UNREACHABLE', 'the other side does not speak Noise'));
      return;
    }
    this.#accepted += due.length;
    if (bytes.length > due.length) this.onData(bytes.subarray(due.length));
  }

  override sendData(data: Uint8ArrayList): SendResult {
    let canSendMore = true;
    this.#socket.cork();
    for (const part of data) canSendMore = this.#socket.write(part);
    this.#socket.uncork();
    return { sentBytes: data.byteLength, canSendMore };
  }

  override async sendClose(): Promise<void> {
    if (this.#socket.destroyed) return;
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.destroySoon();
    await closed;
  }

  override sendReset(): void {
    this.#socket.destroy();
  }

  override sendPause(): void {
    this.#socket.pause();
  }

  override sendResume(): void {
    this.#socket.resume();
  }
}

function socketTo(address: Multiaddr, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const { host, port } = getNetConfig(address);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: port ?? 0, noDelay: true, keepAlive: true });
    const abort = () => socket.destroy(new NmpError('TIMEOUT'));
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

function expectedPeer(address: Multiaddr): PeerId | undefined {
  const id = address.getComponents().findLast((component) => component.name === 'p2p')?.value;
  return id === undefined ? undefined : peerIdFromString(id);
}

class EagerTcp implements Transport {
  readonly [transportSymbol] = true as const;
  readonly [Symbol.toStringTag] = 'nmp/eager-tcp';
  readonly [serviceCapabilities] = ['@libp2p/transport'];
  readonly #tcp: Transport;
  readonly #noise: ConnectionEncrypter;
  readonly #log: Logger;

  constructor(components: TCPComponents & NoiseComponents) {
    this.#tcp = tcp()(components);
    this.#noise = noise()(components);
    this.#log = components.logger.forComponent('nmp:eager-tcp');
  }

  async dial(address: Multiaddr, options: DialTransportOptions) {
    const { signal } = options;
    const connection = new EagerConnection({
      socket: await socketTo(address, signal),
      remoteAddr: address,
      log: this.#log,
      acceptance: concat(multistreamMessage(MULTISTREAM), multistreamMessage(NOISE)),
    });
    try {
      connection.send(concat(multistreamMessage(MULTISTREAM), multistreamMessage(NOISE)));
      const remotePeer = expectedPeer(address);
      const secured = await this.#noise.secureOutbound(connection, {
        signal,
        ...(remotePeer === undefined ? {} : { remotePeer }),
      });
      // The upgrader puts the muxer on what it is given: the encrypted side.
      return await options.upgrader.upgradeOutbound(
        Object.assign(secured.connection, { remoteAddr: address }),
        {
          ...options,
          skipEncryption: true,
          skipProtection: true,
          remotePeer: secured.remotePeer,
          ...(secured.streamMuxer === undefined ? {} : { muxerFactory: secured.streamMuxer }),
        },
      );
    } catch (error) {
      connection.abort(error instanceof Error ? error : new NmpError('UNREACHABLE'));
      throw error;
    }
  }

  createListener(options: CreateListenerOptions): Listener {
    return this.#tcp.createListener(options);
  }

  listenFilter(addresses: Multiaddr[]): Multiaddr[] {
    return this.#tcp.listenFilter(addresses);
  }

  dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    return this.#tcp.dialFilter(addresses).filter((address) => {
      return address.getComponents().some((component) => component.name === 'tcp');
    });
  }
}

export function eagerTcp(): (components: TCPComponents & NoiseComponents) => Transport {
  return (components) => new EagerTcp(components);
}
