/** The way to the key service out of an enclave: only to hosts that the measured configuration names. */
import { NmpError } from '../../shared/errors.ts';
import { ipBytes } from '../../shared/policy/ip-range.ts';
import type { KmsHost } from '../../shared/policy/kms-endpoint.ts';
import { dialThrough } from '../mesh/dial-through.ts';
import type { Dial } from './aws-kms.ts';

/** Two timeouts of the parent's proxy, for the opener and for the connection, fit into it. */
const TIMEOUT_MS = 10_000;

/** @param path unix socket of the parent's dial proxy */
export function createKmsDial(path: string, hosts: readonly KmsHost[]): Dial {
  return async (host, port) => {
    if (!hosts.some((known) => known.name === host && known.port === port)) {
      throw new NmpError('KMS_UNREACHABLE');
    }
    const address = ipBytes(host);
    const target = address === undefined ? { name: host, port } : { address, port };
    try {
      return await dialThrough(path, target, AbortSignal.timeout(TIMEOUT_MS));
    } catch (cause) {
      throw new NmpError('KMS_UNREACHABLE', undefined, { cause });
    }
  };
}
