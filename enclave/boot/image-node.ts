/** Composition of a node inside an image: device, datasets and configuration of the image alone. */
import { readFile } from 'node:fs/promises';
import { toHex } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import { type Clock, type Random, systemClock, systemRandom } from '../../shared/runtime.ts';
import type { EnclaveReady } from '../../shared/wire/control.ts';
import { createDeviceNsm } from '../attest/device.ts';
import type { Nsm } from '../attest/nsm.ts';
import { createTrustedClock } from '../attest/trusted-clock.ts';
import { composeNode } from '../compose.ts';
import { createDataKeys } from '../data/sealed/keys.ts';
import { unixEnclaveSocket } from '../mesh/enclave-socket.ts';
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
const CONTROL_RETRY_MS = 1_000;
const SYNCHRONIZE_MS = 30_000;

async function start(profile: ImageProfile, control: Control): Promise<EnclaveReady> {
  const device = createDeviceNsm({ path: `${RUN}/nsm.sock` });
  const clock = await createTrustedClock({ nsm: device, clock: systemClock });
  // A device that no longer answers fails the next attestation; the clock goes on meanwhile. One
  // that was moved back closes the clock itself.
  setInterval(() => void clock.synchronize().catch(() => undefined), SYNCHRONIZE_MS).unref();
  const components = { clock, random: systemRandom };
  const { nsm, simulatedRoot } = await profile.createNsm(components, device);
  const { announce } = await control.hello;
  const node = await composeNode(
    // No way out to a key service yet, and a key file in an image is everybody's: both refuse.
    { ...components, nsm, socket: unixEnclaveSocket(RUN, true), dataKeys: createDataKeys({}) },
    {
      configText: await readFile(CONFIG, 'utf8'),
      configFile: CONFIG,
      sandbox: SANDBOX,
      announce,
    },
  );
  const pcr = async (index: number) => toHex((await device.describePcr(index)).value);
  return {
    peerId: node.peerId,
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
