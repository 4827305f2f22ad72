/** The capabilities of a node: which one a request means, and what it may see. */
import { toHex } from '../../shared/bytes.ts';
import type { CryptoSuite } from '../../shared/crypto/suite.ts';
import { NmpError } from '../../shared/errors.ts';
import {
  type CapabilityDescription,
  capabilityDigest,
  capabilityId,
} from '../../shared/policy/capability.ts';
import type { CapabilityConfig, NodeConfig } from '../../shared/policy/node-config.ts';
import type { LogicRequest } from '../../shared/wire/codec.ts';
import type { EgressFilter } from '../egress/filter.ts';

export interface Capability {
  /** `name@version` */
  readonly id: string;
  readonly config: CapabilityConfig;
  readonly description: CapabilityDescription;
  /** Digest of the description, as in the node statement. */
  readonly digest: Uint8Array;
  /** The module installed for it; undefined if the client ships one. */
  readonly module: Uint8Array | undefined;
}

export interface CapabilityComponents {
  readonly suite: CryptoSuite;
  readonly egress: EgressFilter;
  /** Reads an installed module by the path in the configuration. */
  readonly readModule: (path: string) => Promise<Uint8Array>;
}

async function loadCapability(
  { suite, egress, readModule }: CapabilityComponents,
  config: CapabilityConfig,
): Promise<Capability> {
  const module = config.logic === 'client' ? undefined : await readModule(config.logic.module);
  const description: CapabilityDescription = {
    name: config.name,
    version: config.version,
    description: config.description ?? '',
    logic:
      module === undefined || config.logic === 'client'
        ? 'client'
        : {
            moduleHash: toHex(suite.sha256(module)),
            ...(config.logic.abi === undefined ? {} : { abi: config.logic.abi }),
          },
    datasets: config.datasets,
    input: config.input,
    output: config.output,
    limits: config.limits,
    ...(config.wasi.length === 0 ? {} : { wasi: config.wasi }),
    egressPolicy: toHex(egress.policyDigest(config.egress)),
    proofModes: config.proofModes,
  };
  return {
    id: capabilityId(config),
    config,
    description,
    digest: capabilityDigest(suite, description),
    module,
  };
}

export function loadCapabilities(
  components: CapabilityComponents,
  config: NodeConfig,
): Promise<readonly Capability[]> {
  return Promise.all(config.capabilities.map((item) => loadCapability(components, item)));
}

/**
 * The capability of a request: by `name@version`, by a name that is unique, or, for shipped logic
 * that names only datasets, the one capability that takes logic for the first of them.
 * @throws NmpError CALL_CAPABILITY
 */
export function findCapability(
  capabilities: readonly Capability[],
  request: LogicRequest,
): Capability {
  const wanted = request.capability;
  const found =
    wanted === ''
      ? capabilities.filter(
          (c) =>
            c.config.logic === 'client' &&
            c.config.datasets.some((d) => d.id === request.datasets[0]?.dataset),
        )
      : capabilities.filter((c) => c.id === wanted || c.config.name === wanted);
  const [capability] = found;
  if (capability === undefined || found.length !== 1) throw new NmpError('CALL_CAPABILITY');
  if ((capability.module === undefined) !== request.wasmBinary.length > 0) {
    throw new NmpError('CALL_CAPABILITY');
  }
  return capability;
}

/**
 * What the module may import of WASI beyond its standard streams: what the request asks for, each
 * once, or for an installed module all that its owner granted it.
 * @throws NmpError CALL_GRANT
 */
export function importsOf({ config, module }: Capability, request: LogicRequest): string[] {
  const granted: readonly string[] = config.wasi;
  const asked = request.moduleCapabilities;
  if (asked.some((name) => !granted.includes(name))) throw new NmpError('CALL_GRANT');
  if (asked.length === 0 && module !== undefined) return [...granted];
  return [...new Set(asked)];
}

/** A dataset with the columns that a module is to see, in the order of the request. */
export interface Grant {
  readonly dataset: string;
  readonly columns: readonly string[];
}

/**
 * What the request asks for, if it was granted; everything granted if it asks for nothing.
 * @throws NmpError CALL_GRANT
 */
export function grantsOf(capability: Capability, request: LogicRequest): readonly Grant[] {
  const granted = new Map(capability.config.datasets.map((d) => [d.id, d.columns]));
  if (request.datasets.length === 0) {
    return capability.config.datasets.map((d) => ({ dataset: d.id, columns: d.columns }));
  }
  const seen = new Set<string>();
  return request.datasets.map(({ dataset, columns }) => {
    const allowed = granted.get(dataset);
    if (allowed === undefined || seen.has(dataset)) throw new NmpError('CALL_GRANT');
    seen.add(dataset);
    if (columns.length === 0) return { dataset, columns: allowed };
    if (new Set(columns).size !== columns.length) throw new NmpError('CALL_GRANT');
    if (columns.some((column) => !allowed.includes(column))) throw new NmpError('CALL_GRANT');
    return { dataset, columns };
  });
}
