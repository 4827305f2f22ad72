/**
 * The parent process: starts and supervises the enclave, relays bytes to it. It holds no key and
 * sees no plaintext. `startParent` is its composition root.
 */
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { NmpError } from '../shared/errors.ts';
import { kmsHosts, regionOf } from '../shared/policy/kms-endpoint.ts';
import type { NodeConfig } from '../shared/policy/node-config.ts';
import { systemClock } from '../shared/runtime.ts';
import type { RoleCredentials } from '../shared/wire/control.ts';
import { JOB_LINK } from '../shared/wire/job-link.ts';
import { createDialProxy, type DialProxy } from './dial-proxy/dial-proxy.ts';
import type { JobBus } from './jobs/job-bus.ts';
import { serveJobLink } from './jobs/job-relay.ts';
import type { NatsInit } from './jobs/nats-bus.ts';
import { openJobBus } from './jobs/open.ts';
import { createLog, type Log, type LogLevel, logRelay } from './log.ts';
import { RelayMetrics, type RelaySnapshot } from './metrics/relay-metrics.ts';
import { createStatusServer } from './metrics/status-server.ts';
import { chooseRelay } from './relay/choose-relay.ts';
import {
  createDatagramRelay,
  type DatagramRelay,
  type DatagramSnapshot,
} from './relay/datagram-relay.ts';
import type { EnclaveDialer, Relay } from './relay/relay.ts';
import { createWebSocketRelay } from './relay/websocket-relay.ts';
import { roleCredentials } from './role-credentials.ts';
import { createLocalSupervisor } from './supervisor/local.ts';
import {
  createMachineSupervisor,
  MACHINE_TIMEOUTS,
  type MachineDriver,
} from './supervisor/machine.ts';
import type { EnclaveReady, Supervisor, SupervisorEvent } from './supervisor/supervisor.ts';

export interface ParentInit {
  readonly config: NodeConfig;
  readonly configFile: string;
  readonly stateDirectory: string;
  readonly onEvent?: (event: SupervisorEvent) => void;
  /** What boots the image; without one the node is a process of this machine. */
  readonly driver?: MachineDriver;
  /**
   * Enclaves that share the address, 1 to 4 (default: 1), in local mode. Each has a Peer ID of its own
   * and is reached by it at an address of its own: the port of the shared one + 1, + 2 and so on.
   */
  readonly enclaves?: number;
  /** Writes the log of this level to stderr; default: nothing is logged. */
  readonly logLevel?: LogLevel;
  /** Takes the log instead. */
  readonly log?: Log;
  /** Where proof jobs go, if the configuration has them made elsewhere. */
  readonly nats?: Pick<NatsInit, 'servers' | 'credentials'>;
  /** The name under which a giver waits: the node takes its ledger and identity over, then starts. */
  readonly heir?: string;
  /** Stands between relay and enclave; tests and the demo put a lying parent here. */
  readonly wrapDialer?: (dialer: EnclaveDialer) => EnclaveDialer;
}

export interface Parent {
  /** Of the first enclave. */
  readonly ready: EnclaveReady;
  /**
   * `/ip4/…/tcp/…/p2p/…` under which clients reach the node; without `/p2p/…` if it is several, of
   * which a client is given one by its own address.
   */
  readonly address: string;
  /** Every enclave with the address at which it, and no other, is reached. */
  readonly enclaves: readonly { readonly ready: EnclaveReady; readonly address: string }[];
  metrics(): RelaySnapshot;
  /** Accepts no new connection; resolves when those there are have ended, or after this long. */
  drain(timeoutMs: number): Promise<void>;
  /** Where browsers connect, if the configuration asks for it: `/ip4/…/tcp/…/ws/p2p/…` of the first enclave. */
  readonly webSocketAddress?: string;
  /** Where it answers over QUIC, if the configuration asks for it: `/ip4/…/udp/…/quic-v1/p2p/…` of the first enclave. */
  readonly quicAddress?: string;
  /** Counters of that; of the first enclave. */
  datagrams(): DatagramSnapshot | undefined;
  /** Port of /metrics and /health, if the configuration asks for them. */
  readonly statusPort?: number;
  stop(): Promise<void>;
}

function hostPart(host: string): string {
  const family = host.includes(':') ? 'ip6' : /^[0-9.]+$/.test(host) ? 'ip4' : 'dns';
  return `/${family}/${host}`;
}

function multiaddrOf(host: string, port: number): string {
  return `${hostPart(host)}/tcp/${port}`;
}

const ENCLAVES_MAX = 4;
/** What an egress policy may remember from call to call. */
const COUNTED = [
  'quotaBits',
  'clientQuotaBits',
  'blocksBeforeQuarantine',
  'canaries',
  'privacy',
] as const;

/** Undefined for a node without a key service: it is given none. */
function credentialsFor({ datasets }: NodeConfig): (() => Promise<RoleCredentials>) | undefined {
  for (const { sealed } of datasets) {
    if (sealed !== undefined && 'kms' in sealed) {
      return () => roleCredentials(regionOf(sealed.kms.keyId));
    }
  }
  return undefined;
}

function supervisorOf(
  init: ParentInit,
  stateDirectory: string,
  announce: () => readonly string[],
): Supervisor {
  const { driver, configFile } = init;
  if (driver !== undefined) {
    return createMachineSupervisor(
      { clock: systemClock },
      {
        driver,
        announce,
        credentials: credentialsFor(init.config),
        ...MACHINE_TIMEOUTS,
      },
    );
  }
  // The same file name as this one's: .ts when run from source, .js when built.
  const name = `main${import.meta.filename.slice(-3)}`;
  const program = join(import.meta.dirname, '..', 'enclave', name);
  return createLocalSupervisor(
    { clock: systemClock },
    {
      program,
      configFile,
      stateDirectory,
      announce,
      ...(init.heir !== undefined && { arguments: ['--heir', init.heir] }),
    },
  );
}

/** `/…/tcp/PORT…` or `/…/udp/PORT…` with a port so much higher. */
function withPortRaised(address: string, by: number): string {
  return address.replace(/\/(tcp|udp)\/(\d+)/, (_, kind, port) => `/${kind}/${Number(port) + by}`);
}

/** @throws NmpError CONFIG_INVALID */
function countOf(init: ParentInit): number {
  const { enclaves = 1, driver, config, heir } = init;
  if (!Number.isInteger(enclaves) || enclaves < 1 || enclaves > ENCLAVES_MAX) {
    throw new NmpError('CONFIG_INVALID', `enclaves: 1 to ${ENCLAVES_MAX}`);
  }
  if (enclaves > 1 && (driver !== undefined || config.identityFile !== undefined)) {
    throw new NmpError('CONFIG_INVALID', 'several enclaves: in local mode, without identityFile');
  }
  if (heir !== undefined && (enclaves > 1 || driver !== undefined || init.nats === undefined)) {
    throw new NmpError('CONFIG_INVALID', 'heir: of one enclave, in local mode, with --nats');
  }
  // Each enclave counts by itself: whoever reaches all of them would have so many quotas.
  const counted = config.capabilities.some(({ egress }) =>
    COUNTED.some((key) => egress[key] !== undefined),
  );
  if (enclaves > 1 && counted) {
    throw new NmpError('CONFIG_INVALID', 'several enclaves: no capability may count over calls');
  }
  return enclaves;
}

function logOf({ log, logLevel }: ParentInit): Log {
  if (log !== undefined) return log;
  if (logLevel === undefined) return () => undefined;
  const write = (line: string) => void process.stderr.write(line);
  return createLog({ clock: systemClock, write }, logLevel);
}

function tellLog(log: Log, supervisor: Supervisor, enclave: number): void {
  supervisor.onEvent((event) => {
    if (event.type === 'ready') log('enclave.ready', { enclave, mode: event.ready.mode });
    else if (event.type === 'stopped') log('enclave.stopped', { enclave });
    else log('enclave.exit', { enclave, code: event.code, restartInMs: event.restartInMs });
  });
}

/** What this process itself answers to an enclave that dials it by name. */
function servicesOf(bus: JobBus | undefined) {
  if (bus === undefined) return new Map<string, never>();
  return new Map([[`${JOB_LINK.name}:${JOB_LINK.port}`, (s: Socket) => serveJobLink(bus, s)]]);
}

/** An enclave with all that is its own. */
interface Member {
  readonly supervisor: Supervisor;
  readonly dialer: EnclaveDialer;
  readonly datagrams: DatagramRelay | undefined;
  readonly outbound: { readonly proxy: DialProxy; readonly path: string } | undefined;
  /** Known once its relays listen. */
  announce: readonly string[];
  address: string;
  /** Without the Peer ID. */
  quicAddress: string | undefined;
}

function memberOf(init: ParentInit, enclave: number, log: Log, bus: JobBus | undefined): Member {
  const { config } = init;
  // Ledgers and records of two nodes must not meet in one folder.
  const state = join(init.stateDirectory, ...(enclave === 0 ? [] : [`enclave-${enclave}`]));
  const supervisor = supervisorOf(init, state, () => member.announce);
  tellLog(log, supervisor, enclave);
  if (init.onEvent !== undefined) supervisor.onEvent(init.onEvent);
  const { outboundPath, dialer, datagrams } = supervisor;
  const names = kmsHosts(config);
  const outbound =
    (config.mesh.dial.length + names.length > 0 || bus !== undefined) && outboundPath !== undefined
      ? { proxy: createDialProxy({ names, services: servicesOf(bus) }), path: outboundPath }
      : undefined;
  const member: Member = {
    supervisor,
    dialer: init.wrapDialer?.(dialer) ?? dialer,
    datagrams: config.quic
      ? createDatagramRelay({ enclave: init.wrapDialer?.(datagrams) ?? datagrams })
      : undefined,
    outbound,
    announce: config.announce,
    address: '',
    quicAddress: undefined,
  };
  return member;
}

function webSocketRelay(
  { webSocket, relay: limits }: NodeConfig,
  enclave: EnclaveDialer | undefined,
  metrics: RelayMetrics,
): Relay | undefined {
  if (webSocket === undefined || enclave === undefined) return undefined;
  return createWebSocketRelay({ enclave, metrics }, { limits, origins: webSocket.origins });
}

export async function startParent(init: ParentInit): Promise<Parent> {
  const { config } = init;
  const log = logOf(init);
  const { host } = config.listen;
  const metrics = new RelayMetrics();
  const count = countOf(init);
  const bus = await openJobBus(config, init.nats);
  const members = Array.from({ length: count }, (_, index) => memberOf(init, index, log, bus));
  const shared = members.map(({ dialer }) => dialer);
  const relayTo = (enclaves: readonly EnclaveDialer[]) =>
    chooseRelay({ enclaves, metrics, clock: systemClock }, host, config.relay);
  const front = relayTo(shared);
  // One enclave needs no address beside the shared one.
  const own = members.length === 1 ? [] : shared.map((dialer) => [dialer]);
  const webSocket = webSocketRelay(config, shared[0], metrics);
  const relays = [front, ...own.map(relayTo), ...(webSocket === undefined ? [] : [webSocket])];
  const supervisors = members.map(({ supervisor }) => supervisor);
  const status = createStatusServer({
    snapshot: () => metrics.snapshot(),
    datagrams: () => members.flatMap(({ datagrams }) => datagrams?.snapshot() ?? []),
    supervisors,
  });
  const stopLogging = logRelay(log, metrics);
  const stop = async () => {
    log('parent.stopping');
    stopLogging();
    await Promise.all(relays.map((relay) => relay.stop()));
    await Promise.all(members.map(({ datagrams }) => datagrams?.stop()));
    await Promise.all(supervisors.map((supervisor) => supervisor.stop()));
    await Promise.all(members.map(({ outbound }) => outbound?.proxy.stop()));
    await status.stop();
    await bus?.stop();
  };
  try {
    for (const { outbound } of members) await outbound?.proxy.start(outbound.path);
    const statusPort =
      config.metrics === undefined ? undefined : (await status.start(config.metrics)).port;
    const { port } = await front.start(config.listen);
    log('relay.listening', { port });
    const address = multiaddrOf(host, port);
    for (const [index, member] of members.entries()) {
      const relay = own.length === 0 ? undefined : relays[index + 1];
      const raised = config.listen.port === 0 ? 0 : port + 1 + index;
      const at = relay === undefined ? port : (await relay.start({ host, port: raised })).port;
      if (relay !== undefined) log('relay.listening', { enclave: index, port: at });
      member.address = multiaddrOf(host, at);
      const udp = await member.datagrams?.start({ host, port: config.listen.port === 0 ? 0 : at });
      if (udp !== undefined) {
        log('relay.listening', { enclave: index, port: udp.port });
        member.quicAddress = `${hostPart(host)}/udp/${udp.port}/quic-v1`;
      }
      member.announce =
        config.announce.length === 0
          ? [member.address, ...(member.quicAddress === undefined ? [] : [member.quicAddress])]
          : config.announce.map((claimed) => withPortRaised(claimed, at - port));
    }
    const browsers =
      webSocket === undefined || config.webSocket === undefined
        ? undefined
        : multiaddrOf(config.webSocket.host, (await webSocket.start(config.webSocket)).port);
    const started = await Promise.all(supervisors.map((supervisor) => supervisor.start()));
    const enclaves = started.map((ready, index) => ({
      ready,
      address: `${members[index]?.address}/p2p/${ready.peerId}`,
    }));
    const [first] = enclaves;
    if (first === undefined) throw new NmpError('INTERNAL');
    return {
      ready: first.ready,
      address: enclaves.length === 1 ? first.address : address,
      enclaves,
      metrics: () => metrics.snapshot(),
      datagrams: () => members[0]?.datagrams?.snapshot(),
      async drain(timeoutMs) {
        log('parent.draining', { timeoutMs });
        await Promise.all(relays.map((relay) => relay.drain(timeoutMs)));
      },
      ...(browsers === undefined
        ? {}
        : { webSocketAddress: `${browsers}/ws/p2p/${first.ready.peerId}` }),
      ...(members[0]?.quicAddress === undefined
        ? {}
        : { quicAddress: `${members[0].quicAddress}/p2p/${first.ready.peerId}` }),
      ...(statusPort === undefined ? {} : { statusPort }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
