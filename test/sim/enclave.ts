/**
 * The enclaves of the simulation: made once a process, since keys and certificates decide nothing
 * that a seed should choose. `home` boots twice, with the same Peer ID and other keys; `stranger`
 * stands under a root that no policy names.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { generateKeyPair } from '@libp2p/crypto/keys';
import type { Ed25519PrivateKey } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { bindStatement } from '../../enclave/attest/bind-statement.ts';
import type { Nsm } from '../../enclave/attest/nsm.ts';
import { createSimulatedNsm } from '../../enclave/attest/simulated.ts';
import { createSimulatedRoot } from '../../enclave/attest/simulated-root.ts';
import { openDatasets } from '../../enclave/data/open.ts';
import { createDataKeys, encryptionContext } from '../../enclave/data/sealed/keys.ts';
import { readHeader, sealBytes, unsealBytes } from '../../enclave/data/sealed/stream.ts';
import { createEgressFilter } from '../../enclave/egress/egress-filter.ts';
import { loadScanner } from '../../enclave/egress/scanner.ts';
import { loadAuthority } from '../../enclave/guardian/authority.ts';
import { createGuardian } from '../../enclave/guardian/create-guardian.ts';
import { DEFAULT_POLICY } from '../../enclave/guardian/policy.ts';
import type { Kms } from '../../enclave/kms/kms.ts';
import { loadCapabilities } from '../../enclave/node/capability.ts';
import { encodeNodeStatement } from '../../shared/attestation/statement.ts';
import { toHex, utf8 } from '../../shared/bytes.ts';
import { createNodeSuite } from '../../shared/crypto/suite-node.ts';
import { parseClientPolicy } from '../../shared/policy/client-policy.ts';
import { type DatasetConfig, parseNodeConfig } from '../../shared/policy/node-config.ts';
import { createReceiptVerifier } from '../../shared/receipt/verify.ts';
import { type Clock, systemRandom } from '../../shared/runtime.ts';
import { signNodeRecord } from '../../shared/wire/node-record.ts';
import { inputOf } from '../support/sealed.ts';
import { EPOCH_MS } from './scheduler.ts';

/** Text in every record of the dataset, and in no answer that may leave. */
export const MARKER = 'MARKER-7f3a';

const KEY_ID = 'arn:aws:kms:eu-central-1:111122223333:key/simulation';
const nothing = { type: 'object', properties: {}, additionalProperties: false };
const CONFIG = {
  version: 1,
  listen: { host: '127.0.0.1', port: 0 },
  datasets: [
    {
      id: 'stays',
      format: 'ndjson',
      path: 'stays.ndjson',
      classification: 'restricted',
      salt: '5a'.repeat(32),
      sealed: { kms: { keyId: KEY_ID } },
      columns: [{ name: 'note', type: 'utf8' }],
    },
  ],
  capabilities: [
    {
      name: 'count',
      version: '1.0.0',
      datasets: [{ id: 'stays', columns: ['note'] }],
      input: nothing,
      output: {
        ...nothing,
        properties: { n: { type: 'integer', minimum: 0, maximum: 999_999 } },
        required: ['n'],
      },
      limits: { fuel: 1_000_000, deadlineMs: 5_000 },
      proofModes: ['attested', 'stark-composite'],
    },
  ],
};

/** Whose clock the hardware has; set at the start of each run. */
export const hardware: { clock: Clock } = {
  clock: { nowMs: () => EPOCH_MS, monotonicMs: () => 0 },
};
const clock: Clock = {
  nowMs: () => hardware.clock.nowMs(),
  monotonicMs: () => hardware.clock.monotonicMs(),
};

async function parts() {
  const suite = createNodeSuite();
  const config = parseNodeConfig(JSON.stringify(CONFIG), 'simulation');
  const egress = createEgressFilter({ scanner: loadScanner() });
  const rows = Array.from({ length: 40 }, (_, i) => JSON.stringify({ note: `${MARKER}-${i}` }));
  const plain = utf8(rows.join('\n'));
  const dataKey = systemRandom.bytes(32);
  const named = { name: 'stays', format: 'ndjson' } as const;
  const sealed = sealBytes(
    {
      ...named,
      provider: 'kms',
      keyId: KEY_ID,
      // What it means is between owner and service: here its context alone.
      encryptedKey: utf8(JSON.stringify(encryptionContext(named))),
      chunkBytes: 1024,
      noncePrefix: systemRandom.bytes(7),
    },
    dataKey,
    plain,
  );
  /** The dataset as a node that starts opens it. @throws NmpError SEALED_*, KMS_*, CMS_*, NSM_* */
  const openSealed = (kms: Kms) => {
    const keys = createDataKeys({ createKms: () => kms });
    const source = {
      async read(dataset: DatasetConfig, maxBytes: number) {
        const { header } = await readHeader(inputOf(sealed));
        const key = await keys.open(header, dataset.sealed ?? { keyFile: '' });
        try {
          return await unsealBytes(inputOf(sealed), key, maxBytes);
        } finally {
          key.fill(0);
        }
      },
    };
    return openDatasets(config, { random: systemRandom, source });
  };
  const source = { read: async () => Uint8Array.from(plain) };
  const readModule = async () => {
    throw new Error('no module is installed');
  };
  return {
    dataKey,
    openSealed,
    egress,
    guardian: createGuardian({ authority: loadAuthority() }, { policy: DEFAULT_POLICY }),
    datasets: await openDatasets(config, { random: systemRandom, source }),
    capabilities: await loadCapabilities({ suite, egress, readModule }, config),
  };
}

export type Parts = Awaited<ReturnType<typeof parts>>;

export interface Enclave {
  readonly peerId: string;
  readonly multihash: Uint8Array;
  readonly nsm: Nsm;
  readonly statement: Uint8Array;
  readonly record: Uint8Array;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

async function boot(
  { datasets, capabilities }: Parts,
  root: Awaited<ReturnType<typeof createSimulatedRoot>>,
  identity: Ed25519PrivateKey,
): Promise<Enclave> {
  const suite = createNodeSuite();
  const pcrs = new Map([0, 1, 2].map((index) => [index, new Uint8Array(48).fill(index + 1)]));
  const nsm = createSimulatedNsm({ clock, random: systemRandom }, { root, pcrs });
  const keys = generateKeyPairSync('ed25519');
  const peer = peerIdFromPrivateKey(identity);
  const statement = encodeNodeStatement({
    version: 1,
    peerId: peer.toString(),
    certificateKey: Uint8Array.from(
      keys.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32),
    ),
    profile: 'nmp-wasm-v1',
    release: 'simulation',
    guardianPolicy: new Uint8Array(32),
    simulated: true,
    datasets: datasets.list().map(({ id, rows, columns, commitment }) => ({
      id,
      rows,
      columns: columns.map((column) => column.name),
      commitment,
    })),
    capabilities: capabilities.map(({ id, digest }) => ({ id, digest })),
  });
  await bindStatement(nsm, suite.sha384(statement));
  // The chain is issued now: Web Crypto's threads would end at no certain time.
  await nsm.attest({});
  const record = await signNodeRecord(
    {
      peerId: peer.toString(),
      issuedAtMs: BigInt(EPOCH_MS - 30 * 60_000),
      expiresAtMs: BigInt(EPOCH_MS + 30 * 60_000),
      addresses: [],
      capabilities: capabilities.map((capability) => capability.description),
    },
    async (message) => identity.sign(message),
  );
  return {
    peerId: peer.toString(),
    multihash: peer.toMultihash().bytes,
    nsm,
    statement,
    record: Uint8Array.from(record),
    sign: (message) => Uint8Array.from(sign(null, message, keys.privateKey)),
  };
}

async function impostorUnder(root: Awaited<ReturnType<typeof createSimulatedRoot>>): Promise<Nsm> {
  const pcrs = new Map([[0, new Uint8Array(48).fill(9)]]);
  const nsm = createSimulatedNsm({ clock, random: systemRandom }, { root, pcrs });
  await nsm.attest({});
  return nsm;
}

export async function createEnclaves() {
  const common = await parts();
  const [root, strangersRoot] = [
    await createSimulatedRoot({ clock, random: systemRandom }),
    await createSimulatedRoot({ clock, random: systemRandom }),
  ];
  const identity = await generateKeyPair('Ed25519');
  const pcr = (index: number) => toHex(new Uint8Array(48).fill(index + 1));
  const release = { pcr0: pcr(0), pcr1: pcr(1), pcr2: pcr(2) };
  return {
    parts: common,
    home: [await boot(common, root, identity), await boot(common, root, identity)],
    // It claims the same Peer ID: Noise, which would catch that, is not in the simulation.
    stranger: await boot(common, strangersRoot, identity),
    policy: parseClientPolicy(
      JSON.stringify({ version: 1, releases: [release], simulatedRoots: [root.fingerprint] }),
      'simulation',
    ),
    root: root.certificate,
    pcr0: new Uint8Array(48).fill(1),
    // Genuine hardware, under the same root, that runs something else.
    impostor: await impostorUnder(root),
    // The seal has a stand-in (seal.ts): the file that ships is not looked at.
    receipts: await createReceiptVerifier(
      { suite: createNodeSuite() },
      { wasm: new Uint8Array(0) },
    ),
    clients: [await generateKeyPair('Ed25519'), await generateKeyPair('Ed25519')],
  } as const;
}

export type Enclaves = Awaited<ReturnType<typeof createEnclaves>>;
