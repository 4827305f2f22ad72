/** Judges what a node presents in the handshake against the client's policy. */
import { anchorsFor } from '../../shared/attestation/anchors.ts';
import { ChainCache } from '../../shared/attestation/chain.ts';
import type { VerifierCrypto } from '../../shared/attestation/crypto.ts';
import { type AttestationReport, assertPassed } from '../../shared/attestation/report.ts';
import { statementPcr, verifyAttestation } from '../../shared/attestation/verify.ts';
import type { CryptoSuite } from '../../shared/crypto/suite.ts';
import { NmpError } from '../../shared/errors.ts';
import type { ClientPolicy } from '../../shared/policy/client-policy.ts';
import type { Clock } from '../../shared/runtime.ts';
import type { Judge } from '../session/node-session.ts';

export interface EvidenceComponents {
  readonly suite: CryptoSuite;
  readonly verifier: VerifierCrypto;
  readonly clock: Clock;
}

/** @param onReport sees every report, passed or not */
export function createJudge(
  { suite, verifier, clock }: EvidenceComponents,
  init: { readonly policy: ClientPolicy; readonly onReport?: (report: AttestationReport) => void },
): Judge {
  const cache = new ChainCache();
  return async (evidence, node) => {
    const { nonce, userData } = evidence.expected;
    const pcr16 = statementPcr(
      (...parts) => suite.sha384(...parts),
      suite.sha384(evidence.statementBytes),
    );
    const report = await verifyAttestation({ crypto: verifier, cache }, evidence.document, {
      anchors: anchorsFor(evidence.document, verifier),
      atMs: clock.nowMs(),
      policy: init.policy,
      expected: { nonce, userData, pcr16 },
    });
    init.onReport?.(report);
    assertPassed(report);
    if (
      evidence.statement.peerId !== node.id ||
      evidence.statement.simulated !== report.simulated
    ) {
      throw new NmpError('HANDSHAKE_STATEMENT');
    }
    return report;
  };
}
