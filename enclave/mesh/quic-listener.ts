/**
 * Where QUIC ends: an endpoint on the loopback of the enclave, which hears only what the datagram door
 * passes on. TLS 1.3 with the node's Ed25519 identity is done in here (libp2p's TLS: a certificate
 * signed by the identity, which both sides check).
 */
import { quic } from '@chainsafe/libp2p-quic';
import {
  type CreateListenerOptions,
  type Listener,
  serviceCapabilities,
  type Transport,
  transportSymbol,
} from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { NmpError } from '../../shared/errors.ts';
import { isQuicAddress, QUIC_OPTIONS } from '../../shared/wire/quic-address.ts';
import { quicUpgrader } from '../../shared/wire/quic-muxer.ts';

type Components = Parameters<ReturnType<typeof quic>>[0];

/**
 * Handshakes under way at once. The package takes one connection after another and waits for each to
 * be complete: one client that falls silent in its first message would keep all others out for as
 * long as a handshake may take.
 */
const HANDSHAKES_MAX = 256;
const NO_EAGER: ReadonlySet<string> = new Set();

class QuicListening implements Transport {
  readonly [transportSymbol] = true as const;
  readonly [Symbol.toStringTag] = 'nmp/quic';
  readonly [serviceCapabilities] = ['@libp2p/transport'];
  readonly #transport: Transport;
  readonly #onPort: (port: number) => void;

  constructor(components: Components, onPort: (port: number) => void) {
    // An enclave has IPv4 on its loopback, and nothing is dialled from here.
    this.#transport = quic({ ...QUIC_OPTIONS, ipv6: false })(components);
    this.#onPort = onPort;
  }

  dial(): Promise<never> {
    return Promise.reject(new NmpError('UNREACHABLE'));
  }

  createListener(options: CreateListenerOptions): Listener {
    const upgrader = quicUpgrader(options.upgrader, NO_EAGER);
    const listener = this.#transport.createListener({ ...options, upgrader });
    const { awaitInboundConnections } = listener as { awaitInboundConnections?: () => unknown };
    if (typeof awaitInboundConnections !== 'function') {
      throw new NmpError('INTERNAL', 'libp2p-quic is of another build than this was made for');
    }
    listener.addEventListener('listening', () => {
      // One loop runs already. Each ends with the listener.
      for (let i = 1; i < HANDSHAKES_MAX; i++) void awaitInboundConnections.call(listener);
      const port = listener
        .getAddrs()[0]
        ?.getComponents()
        .find(({ name }) => name === 'udp');
      this.#onPort(Number(port?.value));
    });
    return listener;
  }

  listenFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter(isQuicAddress);
  }

  dialFilter(): Multiaddr[] {
    return [];
  }
}

/** @param onPort is told the port of the loopback on which it listens */
export function quicListening(
  onPort: (port: number) => void,
): (components: Components) => Transport {
  return (components) => new QuicListening(components, onPort);
}
