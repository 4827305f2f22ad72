/** The roots that one document is held against. */
import { toHex } from '../bytes.ts';
import type { Anchor } from './chain.ts';
import type { VerifierCrypto } from './crypto.ts';
import { decodeAttestationDocument } from './document.ts';
import { AWS_ANCHORS } from './roots.ts';

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
