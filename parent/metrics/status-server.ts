/**
 * What an operator's monitoring asks: GET /metrics in the Prometheus text format (version 0.0.4) and
 * GET /health. Numbers of connections, bytes and restarts; nothing about their content or whose they
 * are.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { DatagramSnapshot } from '../relay/datagram-relay.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import type { RelaySnapshot } from './relay-metrics.ts';

export interface StatusComponents {
  readonly snapshot: () => RelaySnapshot;
  /** Of each enclave that answers over QUIC. */
  readonly datagrams: () => readonly DatagramSnapshot[];
  /** Of one enclave, or of several that share the address. */
  readonly supervisors: readonly Pick<Supervisor, 'onEvent'>[];
}

export interface StatusServer {
  start(listen: { readonly host: string; readonly port: number }): Promise<{ port: number }>;
  stop(): Promise<void>;
}

const CONNECTIONS_MAX = 16;
const REQUEST_TIMEOUT_MS = 2_000;

interface Counts extends RelaySnapshot {
  /** Enclaves that are ready. */
  readonly up: number;
  readonly starts: number;
  readonly exits: number;
  readonly datagrams: readonly DatagramSnapshot[];
}

/** name, type, help, value */
type Metric = readonly [string, string, string, number];

/** None at all where nobody answers over QUIC. */
function datagramMetrics(relays: readonly DatagramSnapshot[]): readonly Metric[] {
  if (relays.length === 0) return [];
  const sum = (of: keyof DatagramSnapshot) => relays.reduce((total, relay) => total + relay[of], 0);
  const open = sum('opened') - sum('closed');
  return [
    ['nmp_datagram_flows', 'gauge', 'Flows of QUIC open now.', open],
    ['nmp_datagram_flows_total', 'counter', 'Flows of QUIC taken.', sum('opened')],
    ['nmp_datagram_refused_total', 'counter', 'Datagrams of refused flows.', sum('refused')],
    ['nmp_datagrams_in_total', 'counter', 'Datagrams to the enclave.', sum('datagramsIn')],
    ['nmp_datagrams_out_total', 'counter', 'Datagrams from the enclave.', sum('datagramsOut')],
    ['nmp_datagrams_dropped_total', 'counter', 'Datagrams too long or too many.', sum('dropped')],
  ];
}

function metricsOf(counts: Counts): readonly Metric[] {
  const { opened, closed } = counts;
  return [
    ['nmp_enclave_up', 'gauge', 'Enclaves that are ready.', counts.up],
    ['nmp_enclave_starts_total', 'counter', 'Times the enclave became ready.', counts.starts],
    ['nmp_enclave_exits_total', 'counter', 'Times the enclave ended unasked.', counts.exits],
    ['nmp_relay_connections', 'gauge', 'Connections open now.', opened - closed],
    ['nmp_relay_connections_total', 'counter', 'Connections taken.', opened],
    ['nmp_relay_refused_total', 'counter', 'Connections beyond a limit.', counts.refused],
    [
      'nmp_relay_enclave_unreachable_total',
      'counter',
      'Connections that the enclave did not take.',
      counts.enclaveUnreachable,
    ],
    [
      'nmp_relay_bytes_in_total',
      'counter',
      'Bytes to the enclave, closed connections.',
      counts.bytesIn,
    ],
    [
      'nmp_relay_bytes_out_total',
      'counter',
      'Bytes from the enclave, closed connections.',
      counts.bytesOut,
    ],
    ...datagramMetrics(counts.datagrams),
  ];
}

/** Prometheus text format 0.0.4. */
export function prometheusText(counts: Counts): string {
  return metricsOf(counts)
    .map(
      ([name, type, help, value]) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`,
    )
    .join('');
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, connection: 'close' });
  response.end(body);
}

class HttpStatusServer implements StatusServer {
  readonly #components: StatusComponents;
  readonly #server: Server;
  readonly #up = new Set<number>();
  #starts = 0;
  #exits = 0;

  constructor(components: StatusComponents) {
    this.#components = components;
    for (const [index, supervisor] of components.supervisors.entries()) {
      supervisor.onEvent((event) => {
        if (event.type === 'ready') this.#up.add(index);
        else this.#up.delete(index);
        if (event.type === 'ready') this.#starts++;
        if (event.type === 'exit') this.#exits++;
      });
    }
    this.#server = createServer(
      {
        requestTimeout: REQUEST_TIMEOUT_MS,
        headersTimeout: REQUEST_TIMEOUT_MS,
        maxHeaderSize: 8192,
      },
      (request, response) => {
        if (request.method !== 'GET') return answer(response, 405, 'text/plain', '');
        if (request.url === '/metrics') {
          const text = prometheusText(this.#counts());
          return answer(response, 200, 'text/plain; version=0.0.4; charset=utf-8', text);
        }
        if (request.url !== '/health') return answer(response, 404, 'text/plain', '');
        const ready = this.#up.size > 0;
        const body = JSON.stringify({ ready, starts: this.#starts, exits: this.#exits });
        return answer(response, ready ? 200 : 503, 'application/json', `${body}\n`);
      },
    );
    this.#server.maxConnections = CONNECTIONS_MAX;
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

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #counts(): Counts {
    const { snapshot, datagrams } = this.#components;
    return {
      ...snapshot(),
      up: this.#up.size,
      starts: this.#starts,
      exits: this.#exits,
      datagrams: datagrams(),
    };
  }
}

export function createStatusServer(components: StatusComponents): StatusServer {
  return new HttpStatusServer(components);
}
