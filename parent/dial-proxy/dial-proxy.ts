/**
 * Opens TCP connections for the enclave: reads one opener (shared/wire/dial-opener.ts), answers one
 * byte, and copies. What may be dialled is decided in the enclave; here are limits that keep this
 * machine alive, and the few names that the configuration has.
 */
import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import {
  DIAL_OPENER_BYTES_MAX,
  DIALLED,
  type DialName,
  type DialTarget,
  decodeDialOpener,
} from '../../shared/wire/dial-opener.ts';

export interface DialProxyLimits {
  readonly connections: number;
  /** For the opener, and again for the connection. */
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

export const DEFAULT_DIAL_PROXY_LIMITS: DialProxyLimits = {
  connections: 1024,
  connectTimeoutMs: 5_000,
  idleTimeoutMs: 10 * 60_000,
};

export interface DialProxyInit {
  /** Names that may be resolved and dialled, each with its port; default: none. */
  readonly names?: readonly DialName[];
  /** Names that are no hosts but services of this process, with what takes their streams. */
  readonly services?: ReadonlyMap<string, (stream: Socket) => void>;
  readonly limits?: DialProxyLimits;
}

export interface DialProxy {
  /** @param path unix socket that the enclave's outbound streams come to */
  start(path: string): Promise<void>;
  stop(): Promise<void>;
  readonly open: number;
}

function hostOf(address: Uint8Array): string {
  if (address.length === 4) return address.join('.');
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) {
    groups.push((((address[i] ?? 0) << 8) | (address[i + 1] ?? 0)).toString(16));
  }
  return groups.join(':');
}

const keyOf = ({ name, port }: DialName): string => `${name}:${port}`;

class UnixDialProxy implements DialProxy {
  readonly #limits: DialProxyLimits;
  readonly #names: ReadonlySet<string>;
  readonly #services: ReadonlyMap<string, (stream: Socket) => void>;
  readonly #server: Server;
  readonly #open = new Set<() => void>();

  constructor({
    names = [],
    services = new Map(),
    limits = DEFAULT_DIAL_PROXY_LIMITS,
  }: DialProxyInit) {
    this.#limits = limits;
    this.#services = services;
    this.#names = new Set(names.map(keyOf));
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  get open(): number {
    return this.#open.size;
  }

  start(path: string): Promise<void> {
    rmSync(path, { force: true });
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, () => {
        chmodSync(path, 0o600);
        resolve();
      });
    });
  }

  stop(): Promise<void> {
    for (const end of this.#open) end();
    if (!this.#server.listening) return Promise.resolve();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #accept(inside: Socket): void {
    inside.on('error', () => undefined);
    if (this.#open.size >= this.#limits.connections) {
      inside.end(Uint8Array.of(DIALLED.refused));
      return;
    }
    const end = () => void inside.destroy();
    this.#open.add(end);
    inside.once('close', () => this.#open.delete(end));
    inside.setTimeout(this.#limits.connectTimeoutMs, end);
    let received = Buffer.alloc(0);
    const onReadable = () => {
      const chunk: unknown = inside.read();
      if (!(chunk instanceof Uint8Array)) return;
      received = Buffer.concat([received, chunk]);
      let opener: ReturnType<typeof decodeDialOpener>;
      try {
        opener = decodeDialOpener(received.subarray(0, DIAL_OPENER_BYTES_MAX));
      } catch {
        return end();
      }
      if (opener === undefined) return;
      inside.off('readable', onReadable);
      if (received.length > opener.length) inside.unshift(received.subarray(opener.length));
      this.#connect(inside, opener.target, end);
    };
    inside.on('readable', onReadable);
  }

  #connect(inside: Socket, target: DialTarget, end: () => void): void {
    const service = 'name' in target ? this.#services.get(keyOf(target)) : undefined;
    if (service !== undefined) {
      inside.setTimeout(0);
      inside.write(Uint8Array.of(DIALLED.open));
      service(inside);
      return;
    }
    if ('name' in target && !this.#names.has(keyOf(target))) {
      inside.end(Uint8Array.of(DIALLED.refused));
      return;
    }
    const outside = connect({
      host: 'name' in target ? target.name : hostOf(target.address),
      port: target.port,
      allowHalfOpen: true,
      noDelay: true,
    });
    outside.setTimeout(this.#limits.connectTimeoutMs, () => outside.destroy());
    const unreachable = () => inside.end(Uint8Array.of(DIALLED.unreachable));
    outside.once('error', unreachable);
    outside.once('connect', () => {
      outside.off('error', unreachable);
      outside.on('error', end);
      outside.setTimeout(this.#limits.idleTimeoutMs, end);
      inside.setTimeout(0);
      inside.write(Uint8Array.of(DIALLED.open));
      inside.pipe(outside);
      outside.pipe(inside);
    });
    inside.once('close', () => outside.destroy());
    outside.once('close', () => inside.destroySoon());
  }
}

export function createDialProxy(init: DialProxyInit = {}): DialProxy {
  return new UnixDialProxy(init);
}
