/** Which relay a parent runs: the program that splices where it can be had, else the one in here. */
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { NmpError } from '../../shared/errors.ts';
import { createNativeRelay, type NativeRelayComponents } from './native-relay.ts';
import { createRelay, type EnclaveDialer, type Relay, type RelayLimits } from './relay.ts';

/** Where `nmp-agent` lies: beside the sources, or above what was built from them. */
function builtAgent(): string | undefined {
  const here = import.meta.dirname;
  return [join(here, '..', '..'), join(here, '..', '..', '..')]
    .map((folder) => join(folder, 'build', 'native', 'nmp-agent'))
    .find((program) => existsSync(program));
}

/**
 * @param enclaves one, or several that share the address
 * @param host on which it will listen; a name, and not an address, is left to Node to resolve
 * @throws NmpError NODE_START if several share an address and the program is not built
 */
export function chooseRelay(
  components: NativeRelayComponents & { readonly enclaves: readonly EnclaveDialer[] },
  host: string,
  limits: RelayLimits,
): Relay {
  const { enclaves, metrics } = components;
  const paths = enclaves.map(({ path }) => path).filter((path) => path !== undefined);
  const program = builtAgent();
  if (program !== undefined && isIP(host) !== 0 && paths.length === enclaves.length) {
    return createNativeRelay(components, { program, paths }, limits);
  }
  const [enclave] = enclaves;
  if (enclave === undefined || enclaves.length > 1) {
    throw new NmpError(
      'NODE_START',
      'enclaves that share an address need nmp-agent and an IP address',
    );
  }
  return createRelay({ enclave, metrics }, limits);
}
