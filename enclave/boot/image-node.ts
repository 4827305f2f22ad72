/** Composition of a node inside an image: device, datasets and configuration of the image alone. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { toHex } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import { kmsHosts } from '../../shared/policy/kms-endpoint.ts';
import { parseNodeConfig } from '../../shared/policy/node-config.ts';
import { type Clock, type Random, systemClock, systemRandom } from '../../shared/runtime.ts';
import type { ControlHello, EnclaveReady } from '../../shared/wire/control.ts';
import { createDeviceNsm } from '../attest/device.ts';
import type { Nsm } from '../attest/nsm.ts';
import { createTrustedClock } from '../attest/trusted-clock.ts';
import { composeNode } from '../compose.ts';
import { createDataKeys, type DataKeys } from '../data/sealed/keys.ts';
import { createKmsDial } from '../kms/dial.ts';
import { unixEnclaveSocket } from '../mesh/enclave-socket.ts';
import { composeProver, type JobComponents, PROVER_PEER } from '../prove/jobs/open.ts';
import { Control } from './control.ts';

/** Which NSM the node shows to clients; the device's own PCRs are measured either way. */
export interface ImageProfile {
  readonly mode: EnclaveReady['mode'];
  createNsm(
    components: { readonly clock: Clock; readonly random: Random },
    device: Nsm,
  ): Promise<{ readonly nsm: Nsm; readonly simulatedRoot?: string }>;
}

/** Where native/agent puts its sockets, and where the image has its files. */
const RUN = '/run/nmp';
const CONFIG = '/app/config/nmp.node.json';
const SANDBOX = '/app/native/nmp-sandbox';
const SCRIPT_ENGINE = '/app/script-engine.wasm';
const PROVER = { program: '/app/native/nmp-zk-prover', image: '/app/zk-guest.bin' };
const RECEIPT_VERIFIER = '/app/receipt-verifier.wasm';
const CONTROL_RETRY_MS = 1_000;
const SYNCHRONIZE_MS = 30_000;

/** A key file in an image would be everybody's: only a key service opens what is sealed. */
function keysFor(nsm: Nsm, configText: string, credentials: ControlHello['credentials']): DataKeys {
  const hosts = kmsHosts(parseNodeConfig(configText, CONFIG));
  const given = async () => {
    if (credentials === undefined) throw new NmpError('KMS_CREDENTIALS');
    return credentials;
  };
  const dial = createKmsDial(`${RUN}/dial.sock`, hosts);
  return createDataKeys({
    createKms: async (init) => {
      // Loaded by nodes that need it: the vendor's SDK is a good part of the bundle.
      const { createAwsKms } = await import('../kms/aws-kms.ts');
      return createAwsKms({ nsm, credentials: given, dial }, init);
    },
    readRoots: (path) => readFile(resolve(dirname(CONFIG), path), 'utf8'),
  });
}

/**
 * A node, or a prover for nodes of equal measurements, as the parent says: it has no more of the one
 * than of the other, since a prover serves no client, and both judge their peers by what they are.
 *
 * @returns its Peer ID
 */
async function composeRole(
  components: JobComponents,
  { role, announce, credentials }: ControlHello,
): Promise<string> {
  const configText = await readFile(CONFIG, 'utf8');
  const image = { configText, configFile: CONFIG, prover: PROVER, wholeMachine: true };
  if (role === 'prover') {
    await composeProver(components, image);
    return PROVER_PEER;
  }
  const dataKeys = keysFor(components.nsm, configText, credentials);
  const node = await composeNode(
    { ...components, dataKeys },
    {
      ...image,
      sandbox: SANDBOX,
      scriptEngine: SCRIPT_ENGINE,
      receiptVerifier: RECEIPT_VERIFIER,
      announce,
    },
  );
  return node.peerId;
}

async function start(profile: ImageProfile, control: Control): Promise<EnclaveReady> {
  const device = createDeviceNsm({ path: `${RUN}/nsm.sock` });
  const clock = await createTrustedClock({ nsm: device, clock: systemClock });
  // A device that no longer answers fails the next attestation; the clock goes on meanwhile. One
  // that was moved back closes the clock itself.
  setInterval(() => void clock.synchronize().catch(() => undefined), SYNCHRONIZE_MS).unref();
  const components = { clock, random: systemRandom };
  const { nsm, simulatedRoot } = await profile.createNsm(components, device);
  const hello = await control.hello;
  const socket = unixEnclaveSocket(RUN, true);
  const peerId = await composeRole({ ...components, nsm, socket }, hello);
  const pcr = async (index: number) => toHex((await device.describePcr(index)).value);
  return {
    peerId,
    mode: profile.mode,
    ...(simulatedRoot === undefined ? {} : { simulatedRoot }),
    pcrs: { pcr0: await pcr(0), pcr1: await pcr(1), pcr2: await pcr(2) },
  };
}

/** Runs until the enclave ends; a node that cannot start says why and exits. */
export async function runImageNode(profile: ImageProfile): Promise<void> {
  const control = new Control({ path: `${RUN}/control.sock`, retryMs: CONTROL_RETRY_MS });
  try {
    control.report({ type: 'ready', ready: await start(profile, control) });
  } catch (error) {
    const failure = error instanceof NmpError ? error : new NmpError('INTERNAL');
    process.stderr.write(`${failure.code}\n`);
    control.report({ type: 'failure', code: failure.code, exit: failure.exit });
    await control.close();
    process.exit(failure.exit);
  }
}
