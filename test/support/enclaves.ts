/** Simulated enclaves that attest each other, each with its own NSM under a root that tests name. */
import { createPeerJudge, type PeerTrust } from '../../enclave/attest/judge-peer.ts';
import type { MutualComponents } from '../../enclave/attest/mutual.ts';
import type { Nsm } from '../../enclave/attest/nsm.ts';
import { createSimulatedNsm } from '../../enclave/attest/simulated.ts';
import { createSimulatedRoot, type SimulatedRoot } from '../../enclave/attest/simulated-root.ts';
import { createNodeVerifierCrypto } from '../../shared/attestation/crypto-node.ts';
import { createNodeSuite } from '../../shared/crypto/suite-node.ts';
import { type Clock, systemRandom } from '../../shared/runtime.ts';
import { ManualClock } from './clock.ts';

export const enclaveSuite = createNodeSuite();

export const testRoot = (clock: Clock = new ManualClock()): Promise<SimulatedRoot> =>
  createSimulatedRoot({ clock, random: systemRandom });

export interface TestEnclave extends MutualComponents {
  readonly nsm: Nsm;
}

/** @param mark fills the PCRs: enclaves with the same mark are of equal measurements */
export async function testEnclave(
  root: SimulatedRoot,
  mark: number,
  trust: Partial<PeerTrust> = {},
  clock: Clock = new ManualClock(),
): Promise<TestEnclave> {
  const pcrs = new Map([0, 1, 2].map((i) => [i, new Uint8Array(48).fill(mark + i)] as const));
  const nsm = createSimulatedNsm({ clock, random: systemRandom }, { root, pcrs });
  const judge = await createPeerJudge(
    { nsm, verifier: createNodeVerifierCrypto(), clock },
    { simulatedRoots: [root.fingerprint], ...trust },
  );
  // Its certificates are made at the first use, which takes a while.
  await nsm.attest({});
  return { suite: enclaveSuite, nsm, random: systemRandom, clock, judge };
}
