/** What a node and a prover compose of their parts to work together. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createNodeVerifierCrypto } from '../../../shared/attestation/crypto-node.ts';
import { fromHex } from '../../../shared/bytes.ts';
import type { CryptoSuite } from '../../../shared/crypto/suite.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { NmpError } from '../../../shared/errors.ts';
import { type NodeConfig, parseNodeConfig } from '../../../shared/policy/node-config.ts';
import { RECEIPT_IMAGES } from '../../../shared/receipt/images.ts';
import { createSealVerifier } from '../../../shared/receipt/seal.ts';
import type { Clock, Random } from '../../../shared/runtime.ts';
import { createPeerJudge, type PeerTrust } from '../../attest/judge-peer.ts';
import type { MutualComponents } from '../../attest/mutual.ts';
import type { Nsm } from '../../attest/nsm.ts';
import type { EnclaveSocket } from '../../mesh/enclave-socket.ts';
import { availableMemory } from '../available-memory.ts';
import { PROOF_LIMITS } from '../proof-queue.ts';
import type { Prover } from '../prover.ts';
import { createProverProcess, type ProverProcessInit, probeProver } from '../prover-process.ts';
import { createJobLink } from './job-link.ts';
import { programOf } from './program-of.ts';
import { runProverRole } from './prover-role.ts';
import { createRemoteProver } from './remote-prover.ts';

export interface JobComponents {
  readonly clock: Clock;
  readonly random: Random;
  readonly nsm: Nsm;
  readonly socket: EnclaveSocket;
}

/** A prover is no peer of the mesh: where a Peer ID is told, this is. */
export const PROVER_PEER = 'prover';

/** Beside the sources, and beside what is built of them. */
const VERIFIER_WASM = join(
  import.meta.dirname,
  ...['..', '..', '..', 'shared', 'receipt', 'receipt-verifier.wasm'],
);

/** This enclave among its equals, those that it trusts. */
export async function amongPeers(
  { clock, random, nsm }: JobComponents,
  suite: CryptoSuite,
  peers: PeerTrust,
): Promise<MutualComponents> {
  const verifier = createNodeVerifierCrypto();
  const judge = await createPeerJudge({ nsm, verifier, clock }, peers);
  return { suite, nsm, random, clock, judge };
}

/** @throws NmpError JOBS_UNREACHABLE */
export function linkOf({ random, socket: { dialPath } }: JobComponents) {
  if (dialPath === undefined) throw new NmpError('JOBS_UNREACHABLE');
  return createJobLink({ random }, { dialPath });
}

/**
 * @param verifierFile WebAssembly of the pinned verifier; default: the one in this package
 * @throws NmpError RECEIPT_VERIFIER, JOBS_UNREACHABLE, CONFIG_INVALID
 */
export async function openRemoteProver(
  components: JobComponents & { readonly suite: CryptoSuite; readonly local: Prover },
  config: NodeConfig,
  verifierFile = VERIFIER_WASM,
): Promise<Prover> {
  const { suite, local } = components;
  if (config.provers === undefined) throw new NmpError('CONFIG_INVALID');
  const seals = await createSealVerifier(suite, Uint8Array.from(await readFile(verifierFile)));
  return createRemoteProver(
    {
      ...(await amongPeers(components, suite, config.peers)),
      broker: linkOf(components),
      local,
      seals,
      imageOf: (request, quote) => programOf({ local, seals }, request, quote),
      availableMemory,
    },
    config.provers,
  );
}

export interface ProverEnclave {
  stop(): Promise<void>;
}

/** @throws NmpError CONFIG_INVALID if the configuration has no provers, RECEIPT_PROVER, IMAGE_MEMORY */
export async function composeProver(
  components: JobComponents,
  init: {
    readonly configText: string;
    readonly configFile: string;
    readonly prover: Pick<ProverProcessInit, 'program' | 'image'>;
    /** The machine is this prover's alone: if it has no memory for a proof now, it never will. */
    readonly wholeMachine?: boolean;
  },
): Promise<ProverEnclave> {
  const suite = createNodeSuite();
  const config = parseNodeConfig(init.configText, init.configFile);
  const imageId = fromHex(RECEIPT_IMAGES[0] ?? '');
  if (config.provers === undefined || imageId === undefined) throw new NmpError('CONFIG_INVALID');
  const prover = await createProverProcess({ ...init.prover, imageId });
  await probeProver({ ...init.prover, imageId });
  if (init.wholeMachine && availableMemory() < PROOF_LIMITS.memoryBytes) {
    throw new NmpError('IMAGE_MEMORY');
  }
  const mutual = await amongPeers(components, suite, config.peers);
  const link = linkOf(components);
  const stopped = new AbortController();
  const { leaseMs } = config.provers;
  const running = runProverRole({ ...mutual, broker: link, prover }, { leaseMs }, stopped.signal);
  return {
    stop: async () => {
      stopped.abort();
      await running;
      link.stop();
    },
  };
}
