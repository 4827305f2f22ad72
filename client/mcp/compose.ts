/** Composition of the bridge on Node.js: the system's clock, node:crypto, files. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ed25519PrivateKey } from '@libp2p/interface';
import type { ClientPolicy } from '../../shared/policy/client-policy.ts';
import { systemClock, systemRandom } from '../../shared/runtime.ts';
import { createFileKeeper } from '../trust/trust-file.ts';
import { createMemoryKeeper, TrustStore } from '../trust/trust-store.ts';
import { type AuditEvent, Gateway, type MeshClient } from './gateway.ts';
import { compileSource, createLogicReader } from './logic-files.ts';

export interface CreateGatewayInit {
  readonly policy?: ClientPolicy;
  readonly nodes?: readonly string[];
  readonly meshIdentity?: Ed25519PrivateKey;
  /** Where approvals and pins are kept; in memory only if absent. */
  readonly trustFile?: string;
  /** Folder from which a host may name logic files; none if absent. */
  readonly logicFolder?: string;
  readonly audit?: (event: AuditEvent) => void;
}

/** libp2p and what belongs to it take longer to load than a host waits for its list of tools. */
async function openMesh(
  policy: () => ClientPolicy,
  privateKey: Ed25519PrivateKey | undefined,
): Promise<MeshClient> {
  const [{ NmpClient }, { createNodeSuite }, { createNodeVerifierCrypto }] = await Promise.all([
    import('../nmp-client.ts'),
    import('../../shared/crypto/suite-node.ts'),
    import('../../shared/attestation/crypto-node.ts'),
  ]);
  return new NmpClient(
    {
      suite: createNodeSuite(),
      verifier: createNodeVerifierCrypto(),
      clock: systemClock,
      random: systemRandom,
      receipts: async () => (await import('../verify/receipts.ts')).loadReceiptVerifier(),
    },
    {
      get policy() {
        return policy();
      },
      ...(privateKey === undefined ? {} : { privateKey }),
    },
  );
}

export function createGateway(init: CreateGatewayInit): Gateway {
  const keeper =
    init.trustFile === undefined ? createMemoryKeeper() : createFileKeeper(init.trustFile);
  return new Gateway(
    {
      clock: systemClock,
      random: systemRandom,
      suite: {
        sha256: (...parts) => {
          const hash = createHash('sha256');
          for (const part of parts) hash.update(part);
          return Uint8Array.from(hash.digest());
        },
      },
      trust: new TrustStore(keeper, () => new Date(systemClock.nowMs()).toISOString()),
      openMesh: (policy) => openMesh(policy, init.meshIdentity),
      compile: compileSource,
      readLogic: createLogicReader(init.logicFolder),
      sleep: async (ms) => sleep(ms),
      audit: init.audit ?? (() => undefined),
    },
    {
      nodes: init.nodes ?? [],
      ...(init.policy === undefined ? {} : { policy: init.policy }),
    },
  );
}
