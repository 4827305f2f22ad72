/**
 * The relay of the parent for UDP: what comes from one address and port goes over one stream into the
 * enclave, and back. It looks at nothing but lengths. Sources of UDP can be forged, so that a flow
 * counts as somebody's only when it answers an answer: of those that have not, the oldest makes room.
 */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { isIPv6, type Socket } from 'node:net';
import { NmpError } from '../../shared/errors.ts';
import {
  DATAGRAM_BYTES_MAX,
  DATAGRAM_OPENER,
  DatagramReader,
  encodeDatagram,
  FLOW_IDLE_MS,
  FLOW_QUEUE_BYTES_MAX,
  FLOWS_MAX,
} from '../../shared/wire/datagrams.ts';
import type { EnclaveDialer } from './relay.ts';

export interface DatagramRelayLimits {
  /** Flows in total and from one source address. */
  readonly flows: number;
  readonly flowsPerSource: number;
  readonly idleMs: number;
}

export const DEFAULT_DATAGRAM_LIMITS: DatagramRelayLimits = {
  flows: FLOWS_MAX,
  flowsPerSource: 64,
  idleMs: FLOW_IDLE_MS,
};

/** Numbers of flows and datagrams, nothing about their content. */
export interface DatagramSnapshot {
  readonly opened: number;
  readonly closed: number;
  /** Flows beyond a limit, each datagram of them. */
  readonly refused: number;
  readonly datagramsIn: number;
  readonly datagramsOut: number;
  /** Too long, or more than waits may. */
  readonly dropped: number;
}

export interface DatagramRelay {
  start(listen: { readonly host: string; readonly port: number }): Promise<{ port: number }>;
  snapshot(): DatagramSnapshot;
  stop(): Promise<void>;
}

interface Flow {
  readonly stream: Socket;
  readonly source: string;
  /** The enclave has sent something; and something came after that. */
  answered: boolean;
  confirmed: boolean;
  end(): void;
}

const SOCKET_BUFFER_BYTES = 2 * 1024 * 1024;

class UdpRelay implements DatagramRelay {
  readonly #enclave: EnclaveDialer;
  readonly #limits: DatagramRelayLimits;
  /** By address and port, oldest first. */
  readonly #flows = new Map<string, Flow>();
  readonly #bySource = new Map<string, number>();
  readonly #counts = {
    opened: 0,
    closed: 0,
    refused: 0,
    datagramsIn: 0,
    datagramsOut: 0,
    dropped: 0,
  };
  #udp: UdpSocket | undefined;

  constructor(enclave: EnclaveDialer, limits: DatagramRelayLimits) {
    this.#enclave = enclave;
    this.#limits = limits;
  }

  /** @throws NmpError NODE_START if the address cannot be listened on */
  start({ host, port }: { readonly host: string; readonly port: number }): Promise<{
    port: number;
  }> {
    const udp = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    this.#udp = udp;
    udp.on('message', (datagram, from) => this.#take(datagram, from));
    return new Promise((resolve, reject) => {
      udp.once('error', (cause) =>
        reject(new NmpError('NODE_START', 'the address of QUIC cannot be used', { cause })),
      );
      udp.bind(port, host, () => {
        // From here on an error is of one datagram, which is lost like others.
        udp.on('error', () => undefined);
        try {
          udp.setRecvBufferSize(SOCKET_BUFFER_BYTES);
          udp.setSendBufferSize(SOCKET_BUFFER_BYTES);
        } catch {
          // As large as they are, then.
        }
        resolve({ port: udp.address().port });
      });
    });
  }

  snapshot(): DatagramSnapshot {
    return { ...this.#counts };
  }

  async stop(): Promise<void> {
    for (const flow of [...this.#flows.values()]) flow.end();
    const udp = this.#udp;
    this.#udp = undefined;
    if (udp !== undefined) await new Promise<void>((resolve) => udp.close(() => resolve()));
  }

  #take(datagram: Uint8Array, from: RemoteInfo): void {
    if (datagram.length === 0 || datagram.length > DATAGRAM_BYTES_MAX) {
      this.#counts.dropped++;
      return;
    }
    const flow = this.#flows.get(`${from.address}|${from.port}`) ?? this.#open(from);
    if (flow === undefined) {
      this.#counts.refused++;
      return;
    }
    if (flow.answered) flow.confirmed = true;
    if (flow.stream.writableLength > FLOW_QUEUE_BYTES_MAX) {
      this.#counts.dropped++;
      return;
    }
    this.#counts.datagramsIn++;
    flow.stream.write(encodeDatagram(datagram));
  }

  #open(from: RemoteInfo): Flow | undefined {
    const { flows, flowsPerSource } = this.#limits;
    if ((this.#bySource.get(from.address) ?? 0) >= flowsPerSource) return undefined;
    if (this.#flows.size >= flows) {
      const unproven = [...this.#flows.values()].find(({ confirmed }) => !confirmed);
      if (unproven === undefined) return undefined;
      unproven.end();
    }
    const key = `${from.address}|${from.port}`;
    const stream = this.#enclave.dial();
    const flow: Flow = {
      stream,
      source: from.address,
      answered: false,
      confirmed: false,
      end: () => {
        if (this.#flows.get(key) !== flow) return;
        this.#flows.delete(key);
        this.#counts.closed++;
        const left = (this.#bySource.get(flow.source) ?? 1) - 1;
        if (left > 0) this.#bySource.set(flow.source, left);
        else this.#bySource.delete(flow.source);
        stream.destroy();
      },
    };
    this.#flows.set(key, flow);
    this.#bySource.set(from.address, (this.#bySource.get(from.address) ?? 0) + 1);
    this.#counts.opened++;
    stream.on('error', () => undefined);
    stream.once('close', flow.end);
    stream.setTimeout(this.#limits.idleMs, flow.end);
    stream.write(DATAGRAM_OPENER);
    const reader = new DatagramReader(true);
    stream.on('data', (part) => {
      try {
        for (const datagram of reader.push(part)) this.#give(flow, datagram, from);
      } catch (error) {
        if (!(error instanceof NmpError)) throw error;
        flow.end();
      }
    });
    return flow;
  }

  #give(flow: Flow, datagram: Uint8Array, to: RemoteInfo): void {
    const udp = this.#udp;
    if (udp === undefined) return;
    flow.answered = true;
    // All flows leave by one socket: what it cannot take is dropped for all of them.
    if (udp.getSendQueueSize() > 4 * FLOW_QUEUE_BYTES_MAX) {
      this.#counts.dropped++;
      return;
    }
    this.#counts.datagramsOut++;
    udp.send(datagram, to.port, to.address, () => undefined);
  }
}

export function createDatagramRelay(
  { enclave }: { readonly enclave: EnclaveDialer },
  limits: DatagramRelayLimits = DEFAULT_DATAGRAM_LIMITS,
): DatagramRelay {
  return new UdpRelay(enclave, limits);
}
