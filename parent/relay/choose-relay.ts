/** Which relay a parent runs: the program that splices where it can be had, else the one in here. */
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { RelayMetrics } from '../metrics/relay-metrics.ts';
import { createNativeRelay } from './native-relay.ts';
import { createRelay, type EnclaveDialer, type Relay, type RelayLimits } from './relay.ts';

/** Where `nmp-agent` lies: beside the sources, or above what was built from them. */
function builtAgent(): string | undefined {
  const here = import.meta.dirname;
  return [join(here, '..', '..'), join(here, '..', '..', '..')]
    .map((folder) => join(folder, 'build', 'native', 'nmp-agent'))
    .find((program) => existsSync(program));
}

/**
 * @param host on which it will listen; a name, and not an address, is left to Node to resolve
 */
export function chooseRelay(
  components: { readonly enclave: EnclaveDialer; readonly metrics: RelayMetrics },
  host: string,
  limits: RelayLimits,
): Relay {
  const { path } = components.enclave;
  const program = path === undefined || isIP(host) === 0 ? undefined : builtAgent();
  if (path === undefined || program === undefined) return createRelay(components, limits);
  return createNativeRelay(components, { program, path }, limits);
}
