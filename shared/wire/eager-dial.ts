/**
 * Makes a libp2p connection of a socket without waiting for multistream-select. The proposal of
 * Noise and the first message of Noise leave together; the listener's acceptance is compared and
 * taken out of what comes back. Saves one round trip a connection. Only Noise is ever proposed: a
 * listener that answers anything else is left, so there is nothing to downgrade to.
 */
import type { Connection, DialTransportOptions, Logger, PeerId } from '@libp2p/interface';
import { type NoiseComponents, noise } from '@libp2p/noise';
import { peerIdFromString } from '@libp2p/peer-id';
import { AbstractMultiaddrConnection, type SendResult } from '@libp2p/utils';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Uint8ArrayList } from 'uint8arraylist';
import { concat, equalBytes } from '../bytes.ts';
import { noiseCrypto } from '../crypto/noise-node.ts';
import { NmpError } from '../errors.ts';
import { MULTISTREAM, multistreamMessage } from './multistream.ts';

const NOISE = '/noise';
/** A connection without a byte for this long is ended. */
const IDLE_TIMEOUT_MS = 10 * 60_000;

/** What is used of a node:net socket, so that nothing here does I/O by itself. */
export interface DialledSocket {
  readonly destroyed: boolean;
  on(event: 'data', listener: (bytes: Uint8Array) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'drain', listener: () => void): unknown;
  once(event: 'end' | 'close', listener: () => void): unknown;
  write(bytes: Uint8Array): boolean;
  cork(): void;
  uncork(): void;
  pause(): unknown;
  resume(): unknown;
  setTimeout(ms: number, listener: () => void): unknown;
  destroySoon(): void;
  destroy(): unknown;
}

/** A dialled socket whose first bytes must be `acceptance`; those are not passed on. */
class EagerConnection extends AbstractMultiaddrConnection {
  readonly #socket: DialledSocket;
  readonly #acceptance: Uint8Array;
  #accepted = 0;

  constructor(init: {
    socket: DialledSocket;
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

function expectedPeer(address: Multiaddr): PeerId | undefined {
  const id = address.getComponents().findLast((component) => component.name === 'p2p')?.value;
  return id === undefined ? undefined : peerIdFromString(id);
}

export type EagerUpgrade = (
  socket: DialledSocket,
  target: { readonly address: Multiaddr; readonly log: Logger },
  options: DialTransportOptions,
) => Promise<Connection>;

export function createEagerUpgrade(components: NoiseComponents): EagerUpgrade {
  const encrypter = noise({ crypto: noiseCrypto })(components);
  const proposal = concat(multistreamMessage(MULTISTREAM), multistreamMessage(NOISE));
  return async (socket, { address, log }, options) => {
    const { signal } = options;
    const connection = new EagerConnection({
      socket,
      remoteAddr: address,
      log,
      acceptance: proposal,
    });
    try {
      connection.send(proposal);
      const remotePeer = expectedPeer(address);
      const secured = await encrypter.secureOutbound(connection, {
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
  };
}
