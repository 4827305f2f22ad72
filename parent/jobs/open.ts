/** The way to NATS, for configurations that have proofs made elsewhere. */
import { NmpError } from '../../shared/errors.ts';
import type { NodeConfig } from '../../shared/policy/node-config.ts';
import type { JobBus } from './job-bus.ts';
import type { NatsInit } from './nats-bus.ts';

const DEFAULT_LEASE_MS = 30_000;

/**
 * Undefined if nothing needs one.
 * @throws NmpError CONFIG_INVALID if a server is needed and none was named, JOBS_UNREACHABLE
 */
export async function openJobBus(
  { provers }: Pick<NodeConfig, 'provers'>,
  nats: Pick<NatsInit, 'servers' | 'credentials'> | undefined,
): Promise<JobBus | undefined> {
  if (nats === undefined) {
    if (provers === undefined) return undefined;
    throw new NmpError('CONFIG_INVALID', 'provers: no NATS server is named (--nats)');
  }
  // Loaded where it is used: most nodes speak to no broker.
  const { connectNats } = await import('./nats-bus.ts');
  return connectNats({ ...nats, leaseMs: provers?.leaseMs ?? DEFAULT_LEASE_MS });
}
