/**
 * The node of a `sim` image, for emulators whose NSM measures but cannot sign: documents carry the
 * PCRs of the device, signed under a root that this boot made, or under one that was put into the image
 * so that such enclaves can trust one another. A client accepts them only if its policy names that root.
 */
import type { Nsm } from './attest/nsm.ts';
import { createSimulatedNsm } from './attest/simulated.ts';
import { createSimulatedRoot, loadSimulatedRoot } from './attest/simulated-root.ts';
import { runImageNode } from './boot/image-node.ts';

const ROOT = '/app/simulated-root';
/** PCR 0–15 are locked at boot; the rest starts at zero. */
const MEASURED = 16;

async function measuredBy(device: Nsm): Promise<ReadonlyMap<number, Uint8Array>> {
  const pcrs = new Map<number, Uint8Array>();
  for (let index = 0; index < MEASURED; index++) {
    pcrs.set(index, (await device.describePcr(index)).value);
  }
  return pcrs;
}

await runImageNode({
  mode: 'qemu',
  async createNsm(components, device) {
    const root = (await loadSimulatedRoot(ROOT)) ?? (await createSimulatedRoot(components));
    const nsm = createSimulatedNsm(components, { root, pcrs: await measuredBy(device) });
    return { nsm, simulatedRoot: root.fingerprint };
  },
});
