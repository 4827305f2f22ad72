/**
 * The relay of the parent: copies bytes between a TCP connection and one stream into the enclave,
 * and does nothing else. It parses nothing, keeps at most one bounded buffer a direction, passes on
 * backpressure and half-close, and ends what is idle.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { RelayMetrics } from '../metrics/relay-metrics.ts';

/** Opens a fresh stream into the enclave: a unix socket, or vsock behind one. */
export interface EnclaveDialer {
  dial(): Socket;
  /** The unix socket behind it, if it is one and nothing stands in between. */
  readonly path?: string;
}

export interface RelayLimits {
  /** Connections in total and from one source address. */
  readonly connections: number;
  readonly connectionsPerSource: number;
  readonly connectTimeoutMs: number;
  /** Without a byte in either direction for this long, a connection is ended. */
  readonly idleTimeoutMs: number;
}

export const DEFAULT_RELAY_LIMITS: RelayLimits = {
  connections: 4096,
  connectionsPerSource: 512,
  connectTimeoutMs: 5_000,
  idleTimeoutMs: 10 * 60_000,
};

export interface RelayComponents {
  readonly enclave: EnclaveDialer;
  readonly metrics: RelayMetrics;
}

export interface Relay {
  /** Resolves to the address that the relay listens on. */
  start(listen: { readonly host: string; readonly port: number }): Promise<{ port: number }>;
  /** Accepts nothing more; resolves when all connections have ended, or after this long. */
  drain(timeoutMs: number): Promise<void>;
  stop(): Promise<void>;
  readonly open: number;
}

class TcpRelay implements Relay {
  readonly #components: RelayComponents;
  readonly #limits: RelayLimits;
  readonly #server: Server;
  readonly #pairs = new Set<() => void>();
  readonly #bySource = new Map<string, number>();

  constructor(components: RelayComponents, limits: RelayLimits) {
    this.#components = components;
    this.#limits = limits;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#accept(socket),
    );
  }

  get open(): number {
    return this.#pairs.size;
  }

  start(listen: { readonly host: string; readonly port: number }): Promise<{ port: number }> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(listen.port, listen.host, () => {
        this.#server.off('error', reject);
        const address = this.#server.address();
        resolve({ port: typeof address === 'object' && address !== null ? address.port : 0 });
      });
    });
  }

  async drain(timeoutMs: number): Promise<void> {
    // Stops listening at once, and calls back when the last connection is gone.
    const gone = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    await Promise.race([gone, late]);
    clearTimeout(timer);
  }

  stop(): Promise<void> {
    for (const end of this.#pairs) end();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #accept(outside: Socket): void {
    const { metrics, enclave } = this.#components;
    const source = outside.remoteAddress ?? 'unknown';
    const fromSource = this.#bySource.get(source) ?? 0;
    // An error without a listener would end the process; the close that follows does the work.
    outside.on('error', () => undefined);
    if (
      this.#pairs.size >= this.#limits.connections ||
      fromSource >= this.#limits.connectionsPerSource
    ) {
      metrics.refused();
      outside.destroy();
      return;
    }
    const inside = enclave.dial();
    const end = () => {
      outside.destroy();
      inside.destroy();
    };
    this.#pairs.add(end);
    this.#bySource.set(source, fromSource + 1);
    metrics.opened();

    const connectTimer = setTimeout(end, this.#limits.connectTimeoutMs);
    inside.once('connect', () => clearTimeout(connectTimer));
    inside.on('error', () => {
      metrics.enclaveUnreachable();
      end();
    });
    outside.setTimeout(this.#limits.idleTimeoutMs, end);

    // pipe() stops reading while the other side's buffer is full and passes on the end.
    outside.pipe(inside);
    inside.pipe(outside);

    let closed = 0;
    const onClose = () => {
      if (++closed === 1) {
        // One side is gone for good: let what is buffered for the other drain, then end it.
        if (outside.destroyed) inside.destroySoon();
        else outside.destroySoon();
        return;
      }
      clearTimeout(connectTimer);
      this.#pairs.delete(end);
      const left = (this.#bySource.get(source) ?? 1) - 1;
      if (left > 0) this.#bySource.set(source, left);
      else this.#bySource.delete(source);
      metrics.closed(outside.bytesRead, inside.bytesRead);
    };
    outside.once('close', onClose);
    inside.once('close', onClose);
  }
}

export function createRelay(
  components: RelayComponents,
  limits: RelayLimits = DEFAULT_RELAY_LIMITS,
): Relay {
  return new TcpRelay(components, limits);
}
