/**
 * The client's way over QUIC: TLS 1.3 with the Ed25519 identities of both sides ends where Noise does,
 * inside the enclave, one round trip earlier. The package with its native part is loaded at the first
 * dial; where it cannot be had, the dial fails and TCP is left.
 */
import {
  type Connection,
  type CreateListenerOptions,
  type DialTransportOptions,
  type Listener,
  serviceCapabilities,
  type Transport,
  transportSymbol,
} from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { NmpError } from '../../shared/errors.ts';
import { isQuicAddress, QUIC_OPTIONS } from '../../shared/wire/quic-address.ts';
import { quicUpgrader } from '../../shared/wire/quic-muxer.ts';

type Components = Parameters<ReturnType<typeof import('@chainsafe/libp2p-quic').quic>>[0];

class ClientQuic implements Transport {
  readonly [transportSymbol] = true as const;
  readonly [Symbol.toStringTag] = 'nmp/quic';
  readonly [serviceCapabilities] = ['@libp2p/transport'];
  readonly #components: Components;
  readonly #eager: ReadonlySet<string>;
  #transport: Promise<Transport> | undefined;

  constructor(components: Components, eager: ReadonlySet<string>) {
    this.#components = components;
    this.#eager = eager;
  }

  async dial(address: Multiaddr, options: DialTransportOptions): Promise<Connection> {
    options.signal.throwIfAborted();
    const transport = await this.#loaded();
    const upgrader = quicUpgrader(options.upgrader, this.#eager);
    // The addon cannot be told to stop: a handshake that ends too late finds the signal aborted.
    const dialled = transport.dial(address, { ...options, upgrader });
    return new Promise((resolve, reject) => {
      const abort = () => reject(new NmpError('TIMEOUT'));
      options.signal.addEventListener('abort', abort, { once: true });
      dialled
        .then(resolve, reject)
        .finally(() => options.signal.removeEventListener('abort', abort));
    });
  }

  createListener(_options: CreateListenerOptions): Listener {
    throw new NmpError('INTERNAL', 'a client listens on nothing');
  }

  listenFilter(): Multiaddr[] {
    return [];
  }

  dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter(isQuicAddress);
  }

  #loaded(): Promise<Transport> {
    this.#transport ??= import('@chainsafe/libp2p-quic').then(
      ({ quic }) => quic(QUIC_OPTIONS)(this.#components),
      (cause: unknown) => {
        throw new NmpError('UNREACHABLE', 'QUIC cannot be had on this platform', { cause });
      },
    );
    return this.#transport;
  }
}

/** @param eager protocols whose streams are read by `eagerFrames` */
export function clientQuic(eager: ReadonlySet<string>): (components: Components) => Transport {
  return (components) => new ClientQuic(components, eager);
}
