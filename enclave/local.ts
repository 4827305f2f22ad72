/** Composition of a node in local mode: simulated NSM, plain datasets, unix sockets. */
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { toHex } from '../shared/bytes.ts';
import { NmpError } from '../shared/errors.ts';
import { systemClock, systemRandom } from '../shared/runtime.ts';
import { measureLocally } from './attest/local-measurement.ts';
import { createSimulatedNsm } from './attest/simulated.ts';
import { loadOrCreateSimulatedRoot } from './attest/simulated-root.ts';
import { createTrustedClock } from './attest/trusted-clock.ts';
import { composeNode } from './compose.ts';
import { createDataKeys } from './data/sealed/keys.ts';
import { createLocalAudit, openLocalLedger } from './egress/gate/local-storage.ts';
import { giveFromState, takeIntoState } from './handover/local-state.ts';
import { createAwsKms, type KmsCredentials } from './kms/aws-kms.ts';
import { unixEnclaveSocket } from './mesh/enclave-socket.ts';
import type { DataNode } from './node/node.ts';
import { composeProver, PROVER_PEER } from './prove/jobs/open.ts';
import { openLocalSpool } from './prove/local-spool.ts';

export interface LocalNodeInit {
  readonly configFile: string;
  readonly runDirectory: string;
  readonly stateDirectory: string;
  readonly announce: readonly string[];
}

/** What the node reports to its parent when it is ready. */
export interface LocalReady {
  readonly peerId: string;
  readonly mode: 'local';
  readonly simulatedRoot: string;
  readonly pcrs: { readonly pcr0: string; readonly pcr1: string; readonly pcr2: string };
}

/** The package: this file lies one folder below it, or two when built. */
const HERE = import.meta.dirname;
const PACKAGE = HERE.endsWith(join('dist', 'enclave')) ? join(HERE, '..', '..') : join(HERE, '..');

const PROVER = {
  program: join(PACKAGE, 'build', 'native', 'nmp-zk-prover'),
  image: join(PACKAGE, 'native', 'zk', 'guest.bin'),
};
/** No peer of the mesh: where a Peer ID is told, this is. */
const GIVER_PEER = 'giver';

const SYNCHRONIZE_MS = 30_000;

async function readConfig(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new NmpError('CONFIG_INVALID', `${file}: cannot be read`, { cause });
  }
}

async function readKeyFile(file: string): Promise<Uint8Array> {
  try {
    return Uint8Array.from(await readFile(file));
  } catch (cause) {
    throw new NmpError('SEALED_KEY', undefined, { cause });
  }
}

/** @throws NmpError KMS_CREDENTIALS */
async function environmentCredentials(): Promise<KmsCredentials> {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  if (AWS_ACCESS_KEY_ID === undefined || AWS_SECRET_ACCESS_KEY === undefined) {
    throw new NmpError(
      'KMS_CREDENTIALS',
      'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set.',
    );
  }
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: AWS_SESSION_TOKEN }),
  };
}

/** A simulated enclave, before it is anything: what it measures, its clock and its sockets. */
async function openEnclave({ configFile, stateDirectory, runDirectory }: LocalNodeInit) {
  const random = systemRandom;
  // What stands outside the enclave on real hardware has the machine's clock, the node its own.
  const machine = { clock: systemClock, random };
  const configText = await readConfig(configFile);
  const root = await loadOrCreateSimulatedRoot(machine, stateDirectory);
  const pcrs = await measureLocally({
    program: [HERE, join(HERE, '..', 'shared'), join(PACKAGE, 'build', 'native')],
    runtime: `node ${process.version}`,
    configuration: Buffer.from(configText),
  });
  const nsm = createSimulatedNsm(machine, { root, pcrs });
  const clock = await createTrustedClock({ nsm, clock: systemClock });
  setInterval(() => void clock.synchronize().catch(() => undefined), SYNCHRONIZE_MS).unref();
  const socket = unixEnclaveSocket(runDirectory, true);
  const pcr = (index: number) => toHex(pcrs.get(index) ?? new Uint8Array(0));
  const ready = {
    mode: 'local',
    simulatedRoot: root.fingerprint,
    pcrs: { pcr0: pcr(0), pcr1: pcr(1), pcr2: pcr(2) },
  } as const;
  return { components: { clock, random, nsm, socket }, configText, ready };
}

export interface LocalEnclave {
  readonly node: { stop(): Promise<void> };
  readonly ready: LocalReady;
}

/**
 * The same program for a handover: gives ledger and identity to the heir that asks under `name`, and is
 * ready once they are given. It serves nobody, before or after.
 */
export async function startLocalGiver(
  init: LocalNodeInit & { readonly name: string },
): Promise<LocalEnclave> {
  const { components, configText, ready } = await openEnclave(init);
  await giveFromState(components, { ...init, configText });
  return { node: { stop: async () => undefined }, ready: { peerId: GIVER_PEER, ...ready } };
}

/** The same program in the role of a prover: of equal measurements, it has no datasets open. */
export async function startLocalProver(init: LocalNodeInit): Promise<LocalEnclave> {
  const { components, configText, ready } = await openEnclave(init);
  const { configFile } = init;
  const node = await composeProver(components, { configText, configFile, prover: PROVER });
  return { node, ready: { peerId: PROVER_PEER, ...ready } };
}

export async function startLocalNode(
  init: LocalNodeInit & {
    /** The name under which a giver waits: its ledger and identity are taken over first. */
    readonly heir?: string;
  },
): Promise<{ node: DataNode; ready: LocalReady }> {
  const { components, configText, ready } = await openEnclave(init);
  if (init.heir !== undefined) {
    await takeIntoState(components, { ...init, name: init.heir, configText });
  }
  const { random, nsm } = components;
  const folder = dirname(resolve(init.configFile));
  const dataKeys = createDataKeys({
    createKms: (where) => createAwsKms({ nsm, credentials: environmentCredentials }, where),
    readRoots: (path) => readConfig(resolve(folder, path)),
    readKeyFile: (path) => readKeyFile(resolve(folder, path)),
  });
  const ledger = openLocalLedger(init.stateDirectory, random);
  const spool = openLocalSpool(init.stateDirectory, random);
  const keepAudit = createLocalAudit(init.stateDirectory);
  const node = await composeNode(
    { ...components, dataKeys, ledger, spool, keepAudit },
    {
      configText,
      configFile: init.configFile,
      sandbox: join(PACKAGE, 'build', 'native', 'nmp-sandbox'),
      prover: PROVER,
      announce: init.announce,
    },
  );
  return { node, ready: { peerId: node.peerId, ...ready } };
}
