/** Judges what a node presents in the handshake against the client's policy. */
import { type Anchor, ChainCache } from '../../shared/attestation/chain.ts';
import type { VerifierCrypto } from '../../shared/attestation/crypto.ts';
import { decodeAttestationDocument } from '../../shared/attestation/document.ts';
import { type AttestationReport, assertPassed } from '../../shared/attestation/report.ts';
import { AWS_ANCHORS } from '../../shared/attestation/roots.ts';
import { statementPcr, verifyAttestation } from '../../shared/attestation/verify.ts';
import { toHex } from '../../shared/bytes.ts';
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

/**
 * The anchors for one document: AWS's, and the document's own root as a simulated one. The latter
 * only lets the report say that the evidence is simulated; the policy decides whether that passes.
 */
export function anchorsFor(document: Uint8Array, verifier: VerifierCrypto): readonly Anchor[] {
  try {
    const [root] = decodeAttestationDocument(document).document.cabundle;
    if (root === undefined) return AWS_ANCHORS;
    const fingerprint = toHex(verifier.sha256(root));
    return [...AWS_ANCHORS, { id: `root ${fingerprint}`, kind: 'simulated', der: root }];
  } catch {
    return AWS_ANCHORS;
  }
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
