/**
 * Whom an enclave trusts with what is private to it: enclaves of its own measurements, and no others.
 * Simulated evidence counts only if the enclave is itself simulated and its configuration names the
 * root.
 */
import { anchorsFor } from '../../shared/attestation/anchors.ts';
import { ChainCache } from '../../shared/attestation/chain.ts';
import type { VerifierCrypto } from '../../shared/attestation/crypto.ts';
import { assertPassed } from '../../shared/attestation/report.ts';
import { verifyAttestation } from '../../shared/attestation/verify.ts';
import { toHex } from '../../shared/bytes.ts';
import type { ClientPolicy } from '../../shared/policy/client-policy.ts';
import type { Clock } from '../../shared/runtime.ts';
import type { Nsm } from './nsm.ts';

export interface PeerEvidence {
  readonly document: Uint8Array;
  /** Chosen by the judging side for this exchange, 32 bytes. */
  readonly nonce: Uint8Array;
  /** What the document must be bound to, 48 bytes. */
  readonly userData: Uint8Array;
}

/** @throws NmpError ATTESTATION_* of the first check that fails */
export type JudgePeer = (evidence: PeerEvidence) => Promise<void>;

export interface PeerTrust {
  /** Fingerprints of simulated roots; without effect where the enclave is not simulated. */
  readonly simulatedRoots: readonly string[];
}

export interface JudgePeerComponents {
  readonly nsm: Pick<Nsm, 'describe' | 'describePcr'>;
  readonly verifier: VerifierCrypto;
  /** The trusted one: it says how old a document is. */
  readonly clock: Clock;
}

/** A document is made for its exchange: older than this it is kept for another use. */
const PEER_DOCUMENT_AGE_MS = 60_000;

async function measurementsOf(nsm: Pick<Nsm, 'describePcr'>) {
  const pcr = async (index: number) => toHex((await nsm.describePcr(index)).value);
  return { pcr0: await pcr(0), pcr1: await pcr(1), pcr2: await pcr(2) };
}

/** An enclave in debug mode, whose PCRs are zero, finds no peer: its equals can be read as well. */
export async function createPeerJudge(
  { nsm, verifier, clock }: JudgePeerComponents,
  trust: PeerTrust,
): Promise<JudgePeer> {
  const { simulated } = await nsm.describe();
  const policy: ClientPolicy = {
    version: 1,
    releases: [await measurementsOf(nsm)],
    simulatedRoots: simulated ? [...trust.simulatedRoots] : [],
    maxAgeMs: PEER_DOCUMENT_AGE_MS,
    allowDebug: false,
  };
  const cache = new ChainCache();
  return async ({ document, nonce, userData }) => {
    const report = await verifyAttestation({ crypto: verifier, cache }, document, {
      anchors: anchorsFor(document, verifier),
      atMs: clock.nowMs(),
      policy,
      expected: { nonce, userData },
    });
    assertPassed(report);
  };
}
