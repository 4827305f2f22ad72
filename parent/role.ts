/**
 * The parent of an enclave that is no node: a prover, or the giver of a handover. It starts and
 * supervises it and passes its messages on; it listens to nobody.
 */
import { join } from 'node:path';
import { NmpError } from '../shared/errors.ts';
import type { NodeConfig } from '../shared/policy/node-config.ts';
import { systemClock } from '../shared/runtime.ts';
import { JOB_LINK } from '../shared/wire/job-link.ts';
import { createDialProxy } from './dial-proxy/dial-proxy.ts';
import { serveJobLink } from './jobs/job-relay.ts';
import type { NatsInit } from './jobs/nats-bus.ts';
import { openJobBus } from './jobs/open.ts';
import { createLocalSupervisor } from './supervisor/local.ts';
import {
  createMachineSupervisor,
  MACHINE_TIMEOUTS,
  type MachineDriver,
} from './supervisor/machine.ts';
import type { EnclaveReady, Supervisor, SupervisorEvent } from './supervisor/supervisor.ts';

export type Role =
  | { readonly role: 'prover' }
  /** Ready once ledger and identity of `stateDirectory` are given to the heir that asks by `name`. */
  | { readonly role: 'giver'; readonly name: string };

export interface RoleParentInit {
  readonly role: Role;
  /** The very configuration of the nodes, so that it is of equal measurements. */
  readonly config: NodeConfig;
  readonly configFile: string;
  readonly stateDirectory: string;
  readonly nats: Pick<NatsInit, 'servers' | 'credentials'>;
  /** What boots the image, for a prover; without one the enclave is a process of this machine. */
  readonly driver?: MachineDriver;
  readonly onEvent?: (event: SupervisorEvent) => void;
}

export interface RoleParent {
  readonly ready: EnclaveReady;
  stop(): Promise<void>;
}

/** @throws NmpError CONFIG_INVALID */
function supervisorOf({ role, driver, configFile, stateDirectory }: RoleParentInit): Supervisor {
  const announce = () => [];
  if (driver !== undefined) {
    if (role.role !== 'prover') {
      throw new NmpError('CONFIG_INVALID', 'an image keeps nothing that it could give');
    }
    return createMachineSupervisor(
      { clock: systemClock },
      { driver, announce, role: 'prover', ...MACHINE_TIMEOUTS },
    );
  }
  // The same file name as this one's: .ts when run from source, .js when built.
  const name = `main${import.meta.filename.slice(-3)}`;
  return createLocalSupervisor(
    { clock: systemClock },
    {
      program: join(import.meta.dirname, '..', 'enclave', name),
      configFile,
      stateDirectory,
      announce,
      arguments: ['--role', role.role, ...(role.role === 'giver' ? ['--name', role.name] : [])],
    },
  );
}

/** @throws NmpError CONFIG_INVALID, JOBS_UNREACHABLE, NODE_START */
export async function startRoleParent(init: RoleParentInit): Promise<RoleParent> {
  const { role, config, nats } = init;
  if (role.role === 'prover' && config.provers === undefined) {
    throw new NmpError('CONFIG_INVALID', 'provers: the configuration has none');
  }
  const supervisor = supervisorOf(init);
  const bus = await openJobBus(config, nats);
  if (bus === undefined) throw new NmpError('INTERNAL');
  if (init.onEvent !== undefined) supervisor.onEvent(init.onEvent);
  const proxy = createDialProxy({
    services: new Map([
      [`${JOB_LINK.name}:${JOB_LINK.port}`, (stream) => serveJobLink(bus, stream)],
    ]),
  });
  const stop = async () => {
    await supervisor.stop();
    await proxy.stop();
    await bus.stop();
  };
  try {
    const { outboundPath } = supervisor;
    if (outboundPath === undefined) throw new NmpError('INTERNAL');
    await proxy.start(outboundPath);
    return { ready: await supervisor.start(), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
