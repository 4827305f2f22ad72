/**
 * The node's transport: listens on its unix socket, and dials through the parent's dial proxy. What
 * may be dialled is decided in here, by ranges that are measured with the configuration; the parent
 * only opens what it is told and copies bytes. Noise ends in here, so that a parent that connects
 * us elsewhere is found out by the Peer ID.
 */
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
import type { Multiaddr } from '@multiformats/multiaddr';
import { NmpError } from '../../shared/errors.ts';
import { type IpRange, inIpRange, ipBytes } from '../../shared/policy/ip-range.ts';
import type { DialAddress } from '../../shared/wire/dial-opener.ts';
import { createEagerUpgrade, type EagerUpgrade } from '../../shared/wire/eager-dial.ts';
import { dialThrough } from './dial-through.ts';

export interface ProxiedTcpInit {
  /** Unix socket of the dial proxy; without it nothing is dialled. */
  readonly dialPath: string | undefined;
  readonly ranges: readonly IpRange[];
}

/** The target of `/ip4|ip6/…/tcp/…[/p2p/…]` inside the ranges; undefined for all else. */
export function dialTarget(
  address: Multiaddr,
  ranges: readonly IpRange[],
): DialAddress | undefined {
  const [ip, tcpPart, ...rest] = address.getComponents();
  if (ip === undefined || (ip.name !== 'ip4' && ip.name !== 'ip6')) return undefined;
  if (tcpPart?.name !== 'tcp' || rest.some(({ name }) => name !== 'p2p')) return undefined;
  const bytes = ipBytes(ip.value ?? '');
  const port = Number(tcpPart.value);
  if (bytes === undefined || !ranges.some((range) => inIpRange(range, bytes))) return undefined;
  return port > 0 && port < 65_536 ? { address: bytes, port } : undefined;
}

class ProxiedTcp implements Transport {
  readonly [transportSymbol] = true as const;
  readonly [Symbol.toStringTag] = 'nmp/proxied-tcp';
  readonly [serviceCapabilities] = ['@libp2p/transport'];
  readonly #tcp: Transport;
  readonly #upgrade: EagerUpgrade;
  readonly #log: Logger;
  readonly #init: ProxiedTcpInit;

  constructor(components: TCPComponents & NoiseComponents, init: ProxiedTcpInit) {
    this.#tcp = tcp()(components);
    this.#upgrade = createEagerUpgrade(components);
    this.#log = components.logger.forComponent('nmp:proxied-tcp');
    this.#init = init;
  }

  async dial(address: Multiaddr, options: DialTransportOptions) {
    const { dialPath, ranges } = this.#init;
    const target = dialTarget(address, ranges);
    if (dialPath === undefined || target === undefined) throw new NmpError('UNREACHABLE');
    const socket = await dialThrough(dialPath, target, options.signal);
    return this.#upgrade(socket, { address, log: this.#log }, options);
  }

  createListener(options: CreateListenerOptions): Listener {
    return this.#tcp.createListener(options);
  }

  listenFilter(addresses: Multiaddr[]): Multiaddr[] {
    return this.#tcp.listenFilter(addresses);
  }

  dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    const { dialPath, ranges } = this.#init;
    if (dialPath === undefined) return [];
    return addresses.filter((address) => dialTarget(address, ranges) !== undefined);
  }
}

export function proxiedTcp(
  init: ProxiedTcpInit,
): (components: TCPComponents & NoiseComponents) => Transport {
  return (components) => new ProxiedTcp(components, init);
}
