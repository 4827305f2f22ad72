/**
 * The parent process: starts and supervises the enclave, relays bytes to it. It holds no key and
 * sees no plaintext. `startParent` is its composition root.
 */
import { join } from 'node:path';
import type { NodeConfig } from '../shared/policy/node-config.ts';
import { systemClock } from '../shared/runtime.ts';
import { createDialProxy } from './dial-proxy/dial-proxy.ts';
import { RelayMetrics, type RelaySnapshot } from './metrics/relay-metrics.ts';
import { createStatusServer } from './metrics/status-server.ts';
import { chooseRelay } from './relay/choose-relay.ts';
import type { EnclaveDialer } from './relay/relay.ts';
import { createLocalSupervisor } from './supervisor/local.ts';
import { createMachineSupervisor, type MachineDriver } from './supervisor/machine.ts';
import type { EnclaveReady, Supervisor, SupervisorEvent } from './supervisor/supervisor.ts';

export interface ParentInit {
  readonly config: NodeConfig;
  readonly configFile: string;
  readonly stateDirectory: string;
  readonly onEvent?: (event: SupervisorEvent) => void;
  /** What boots the image; without one the node is a process of this machine. */
  readonly driver?: MachineDriver;
  /** Stands between relay and enclave; tests and the demo put a lying parent here. */
  readonly wrapDialer?: (dialer: EnclaveDialer) => EnclaveDialer;
}

export interface Parent {
  readonly ready: EnclaveReady;
  /** `/ip4/…/tcp/…/p2p/…` under which clients reach the node. */
  readonly address: string;
  metrics(): RelaySnapshot;
  /** Accepts no new connection; resolves when those there are have ended, or after this long. */
  drain(timeoutMs: number): Promise<void>;
  /** Port of /metrics and /health, if the configuration asks for them. */
  readonly statusPort?: number;
  stop(): Promise<void>;
}

function multiaddrOf(host: string, port: number): string {
  const family = host.includes(':') ? 'ip6' : /^[0-9.]+$/.test(host) ? 'ip4' : 'dns';
  return `/${family}/${host}/tcp/${port}`;
}

/** A boot under emulation on a busy machine takes half a minute. */
const MACHINE_START_TIMEOUT_MS = 180_000;

function supervisorOf(init: ParentInit, announce: () => readonly string[]): Supervisor {
  const { driver, configFile, stateDirectory } = init;
  if (driver !== undefined) {
    return createMachineSupervisor(
      { clock: systemClock },
      { driver, announce, startTimeoutMs: MACHINE_START_TIMEOUT_MS },
    );
  }
  // The same file name as this one's: .ts when run from source, .js when built.
  const name = `main${import.meta.filename.slice(-3)}`;
  const program = join(import.meta.dirname, '..', 'enclave', name);
  return createLocalSupervisor(
    { clock: systemClock },
    { program, configFile, stateDirectory, announce },
  );
}

export async function startParent(init: ParentInit): Promise<Parent> {
  const { config } = init;
  const metrics = new RelayMetrics();
  let addresses: readonly string[] = config.announce;
  const supervisor = supervisorOf(init, () => addresses);
  if (init.onEvent !== undefined) supervisor.onEvent(init.onEvent);
  const wrap = init.wrapDialer ?? ((dialer: EnclaveDialer) => dialer);
  const enclave = wrap(supervisor.dialer);
  const relay = chooseRelay({ enclave, metrics }, config.listen.host, config.relay);
  const { outboundPath } = supervisor;
  const outbound =
    config.mesh.dial.length > 0 && outboundPath !== undefined
      ? { proxy: createDialProxy(), path: outboundPath }
      : undefined;
  const status = createStatusServer({ snapshot: () => metrics.snapshot(), supervisor });
  const stop = async () => {
    await relay.stop();
    await supervisor.stop();
    await outbound?.proxy.stop();
    await status.stop();
  };
  try {
    await outbound?.proxy.start(outbound.path);
    const statusPort =
      config.metrics === undefined ? undefined : (await status.start(config.metrics)).port;
    const { port } = await relay.start(config.listen);
    const address = multiaddrOf(config.listen.host, port);
    if (addresses.length === 0) addresses = [address];
    const ready = await supervisor.start();
    return {
      ready,
      address: `${address}/p2p/${ready.peerId}`,
      metrics: () => metrics.snapshot(),
      drain: (timeoutMs) => relay.drain(timeoutMs),
      ...(statusPort === undefined ? {} : { statusPort }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
