/**
 * The enclave's end of the datagrams that the parent forwards: one stream a flow, and for each flow one
 * loopback socket towards the QUIC endpoint, which so tells flows apart by their ports. What comes from
 * the parent is anybody's: lengths are checked, the number of flows and all that waits is bounded, and
 * what opens connections is counted, since each costs the endpoint a handshake.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { NmpError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime.ts';
import {
  DATAGRAM_BYTES_MAX,
  DatagramReader,
  encodeDatagram,
  FLOW_IDLE_MS,
  FLOW_QUEUE_BYTES_MAX,
  FLOWS_MAX,
} from '../../shared/wire/datagrams.ts';

export interface DatagramDoorInit {
  /** Unix socket on which flows come in. */
  readonly path: string;
  /** Of the QUIC endpoint, on 127.0.0.1. */
  readonly port: number;
  readonly limits?: Partial<DatagramDoorLimits>;
}

export interface DatagramDoorLimits {
  readonly flows: number;
  readonly idleMs: number;
  /** Datagrams of a flow that may open connections: at once, and regained a second. */
  readonly initials: number;
  readonly initialsPerSecond: number;
}

export interface DatagramDoor {
  readonly flows: number;
  /** Datagrams that were not passed on. */
  readonly dropped: number;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const DEFAULT_LIMITS: DatagramDoorLimits = {
  flows: FLOWS_MAX,
  idleMs: FLOW_IDLE_MS,
  // A client's handshake has two or three, and more only where they are lost.
  initials: 32,
  initialsPerSecond: 2,
};
const LOOPBACK = '127.0.0.1';
const SOCKET_BUFFER_BYTES = 1024 * 1024;

/** A long header of type Initial (RFC 9000, section 17.2.2), which may open a connection. */
function mayOpen(datagram: Uint8Array): boolean {
  return ((datagram[0] ?? 0) & 0xf0) === 0xc0;
}

/** So many at once, and so many more each second. */
class Allowance {
  readonly #clock: Clock;
  readonly #limits: DatagramDoorLimits;
  #left: number;
  #sinceMs: number;

  constructor(clock: Clock, limits: DatagramDoorLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#left = limits.initials;
    this.#sinceMs = clock.monotonicMs();
  }

  take(): boolean {
    const now = this.#clock.monotonicMs();
    const gained = ((now - this.#sinceMs) / 1_000) * this.#limits.initialsPerSecond;
    this.#left = Math.min(this.#limits.initials, this.#left + gained);
    this.#sinceMs = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}

class UnixDatagramDoor implements DatagramDoor {
  readonly #clock: Clock;
  readonly #path: string;
  readonly #port: number;
  readonly #limits: DatagramDoorLimits;
  readonly #server = createServer((stream) => this.#open(stream));
  readonly #flows = new Set<() => void>();
  #dropped = 0;

  constructor(clock: Clock, { path, port, limits }: DatagramDoorInit) {
    this.#clock = clock;
    this.#path = path;
    this.#port = port;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  get flows(): number {
    return this.#flows.size;
  }

  get dropped(): number {
    return this.#dropped;
  }

  start(): Promise<void> {
    rmSync(this.#path, { force: true });
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#path, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  async stop(): Promise<void> {
    for (const end of this.#flows) end();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #open(stream: Socket): void {
    stream.on('error', () => undefined);
    if (this.#flows.size >= this.#limits.flows) {
      stream.destroy();
      return;
    }
    const udp = createSocket({ type: 'udp4' });
    const end = () => {
      if (!this.#flows.delete(end)) return;
      stream.destroy();
      udp.close();
    };
    this.#flows.add(end);
    stream.setTimeout(this.#limits.idleMs, end);
    stream.once('close', end);
    // The endpoint is gone: the flow with it.
    udp.on('error', end);
    udp.bind(0, LOOPBACK, () => udp.connect(this.#port, LOOPBACK));
    // What comes before the socket is connected waits in the stream.
    udp.once('connect', () => {
      enlarge(udp);
      this.#join(stream, udp, end);
    });
  }

  #join(stream: Socket, udp: UdpSocket, end: () => void): void {
    const reader = new DatagramReader(false);
    const initials = new Allowance(this.#clock, this.#limits);
    const inwards = (datagram: Uint8Array) => {
      const full = udp.getSendQueueSize() > FLOW_QUEUE_BYTES_MAX;
      if (full || (mayOpen(datagram) && !initials.take())) {
        this.#dropped++;
        return;
      }
      // Nobody waits for it to leave: what is lost, QUIC sends again.
      udp.send(datagram, () => undefined);
    };
    stream.on('data', (part) => {
      try {
        for (const datagram of reader.push(part)) {
          if (!this.#flows.has(end)) return;
          inwards(datagram);
        }
      } catch (error) {
        if (!(error instanceof NmpError)) throw error;
        end();
      }
    });
    udp.on('message', (datagram) => {
      if (datagram.length > DATAGRAM_BYTES_MAX || stream.writableLength > FLOW_QUEUE_BYTES_MAX) {
        this.#dropped++;
        return;
      }
      if (datagram.length > 0) stream.write(encodeDatagram(datagram));
    });
  }
}

/** A burst of QUIC is longer than the kernel's usual buffer; what it does not grant is dropped. */
function enlarge(udp: UdpSocket): void {
  try {
    udp.setRecvBufferSize(SOCKET_BUFFER_BYTES);
    udp.setSendBufferSize(SOCKET_BUFFER_BYTES);
  } catch {
    // As large as it is, then.
  }
}

export function createDatagramDoor(
  { clock }: { readonly clock: Clock },
  init: DatagramDoorInit,
): DatagramDoor {
  return new UnixDatagramDoor(clock, init);
}
