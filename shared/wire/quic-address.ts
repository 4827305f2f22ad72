/** Addresses of QUIC, and the bounds of its connections, the same on both sides. */
import type { Multiaddr } from '@multiformats/multiaddr';
import { STREAM_WINDOW_BYTES_MAX } from './constants.ts';

/** `/ip4|ip6/…/udp/…/quic-v1[/p2p/…]` */
export function isQuicAddress(address: Multiaddr): boolean {
  const [ip, udp, quic, ...rest] = address.getComponents().map(({ name }) => name);
  if ((ip !== 'ip4' && ip !== 'ip6') || udp !== 'udp' || quic !== 'quic-v1') return false;
  return rest.length === 0 || (rest.length === 1 && rest[0] === 'p2p');
}

/**
 * Streams of one connection at once: calls in flight, and what libp2p itself opens. Windows are what a
 * sender may have under way. A silent connection is over after `maxIdleTimeout`, a handshake too.
 */
export const QUIC_OPTIONS = {
  handshakeTimeout: 10_000,
  maxIdleTimeout: 10_000,
  keepAliveInterval: 5_000,
  maxConcurrentStreamLimit: 128,
  maxStreamData: STREAM_WINDOW_BYTES_MAX,
  maxConnectionData: 8 * STREAM_WINDOW_BYTES_MAX,
  receiveBufferSize: 1024 * 1024,
  sendBufferSize: 1024 * 1024,
} as const;
