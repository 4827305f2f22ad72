/** The client's transport: TCP, upgraded without waiting for multistream-select. */
import { connect, type Socket } from 'node:net';
import {
  type CreateListenerOptions,
  type DialTransportOptions,
  type Listener,
  type Logger,
  serviceCapabilities,
  type Transport,
  transportSymbol,
} from '@libp2p/interface';
import type { NoiseComponents } from '@libp2p/noise';
import { type TCPComponents, tcp } from '@libp2p/tcp';
import { getNetConfig } from '@libp2p/utils';
import type { Multiaddr } from '@multiformats/multiaddr';
import { NmpError } from '../../shared/errors.ts';
import { createEagerUpgrade, type EagerUpgrade } from '../../shared/wire/eager-dial.ts';

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

class EagerTcp implements Transport {
  readonly [transportSymbol] = true as const;
  readonly [Symbol.toStringTag] = 'nmp/eager-tcp';
  readonly [serviceCapabilities] = ['@libp2p/transport'];
  readonly #tcp: Transport;
  readonly #upgrade: EagerUpgrade;
  readonly #log: Logger;

  constructor(components: TCPComponents & NoiseComponents) {
    this.#tcp = tcp()(components);
    this.#upgrade = createEagerUpgrade(components);
    this.#log = components.logger.forComponent('nmp:eager-tcp');
  }

  async dial(address: Multiaddr, options: DialTransportOptions) {
    const socket = await socketTo(address, options.signal);
    return this.#upgrade(socket, { address, log: this.#log }, options);
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
