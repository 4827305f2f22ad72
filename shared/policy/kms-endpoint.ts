/** Where the key service of a sealed dataset is: asked by the node, let through by the parent. */
import { NmpError } from '../errors.ts';
import type { NodeConfig, SealedConfig } from './node-config.ts';

export type KmsConfig = Extract<SealedConfig, { readonly kms: unknown }>['kms'];

/** Domains of the partitions of AWS, by the second part of an ARN. */
const DOMAINS: Readonly<Record<string, string>> = {
  aws: 'amazonaws.com',
  'aws-us-gov': 'amazonaws.com',
  'aws-cn': 'amazonaws.com.cn',
  'aws-eusc': 'amazonaws.eu',
};

/** The region that an ARN names. */
export function regionOf(keyId: string): string {
  return keyId.split(':')[3] ?? '';
}

/**
 * The endpoint that the configuration names, or that of the region in the key's ARN.
 *
 * @throws NmpError CONFIG_INVALID if the ARN is of a partition whose domain is not known here
 */
export function kmsEndpoint({ keyId, endpoint }: KmsConfig): URL {
  if (endpoint !== undefined) return new URL(endpoint);
  const partition = keyId.split(':')[1] ?? '';
  const domain = Object.hasOwn(DOMAINS, partition) ? DOMAINS[partition] : undefined;
  if (domain === undefined) {
    throw new NmpError(
      'CONFIG_INVALID',
      `sealed.kms needs an endpoint for partition ${partition}.`,
    );
  }
  return new URL(`https://kms.${regionOf(keyId)}.${domain}`);
}

export interface KmsHost {
  readonly name: string;
  readonly port: number;
}

const HTTPS_PORT = 443;

/** The hosts of all key services that the datasets of a node need, each once. */
export function kmsHosts({ datasets }: NodeConfig): readonly KmsHost[] {
  const hosts = new Map<string, KmsHost>();
  for (const { sealed } of datasets) {
    if (sealed === undefined || !('kms' in sealed)) continue;
    const { hostname, port } = kmsEndpoint(sealed.kms);
    const host = { name: hostname, port: port === '' ? HTTPS_PORT : Number(port) };
    hosts.set(`${host.name}:${host.port}`, host);
  }
  return [...hosts.values()];
}
