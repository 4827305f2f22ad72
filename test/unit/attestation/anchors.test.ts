import { createHash, X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { anchorsFor } from '../../../shared/attestation/anchors.ts';
import { parseCertificate } from '../../../shared/attestation/certificate.ts';
import { createNodeVerifierCrypto } from '../../../shared/attestation/crypto-node.ts';
import { AWS_ANCHORS, AWS_ROOT_G1_SHA256 } from '../../../shared/attestation/roots.ts';
import { build, fingerprint } from './adversary/draft.ts';

const crypto = createNodeVerifierCrypto();

it('the root of AWS is the one that AWS publishes', () => {
  const [anchor, ...others] = AWS_ANCHORS;
  expect(others).toEqual([]);
  expect(createHash('sha256').update(anchor!.der).digest('hex')).toBe(AWS_ROOT_G1_SHA256);
  const { notBeforeMs, notAfterMs, ca, issuer, subject } = parseCertificate(anchor!.der);
  const other = new X509Certificate(anchor!.der);
  expect([notBeforeMs, notAfterMs]).toEqual([
    Date.parse(other.validFrom),
    Date.parse(other.validTo),
  ]);
  expect([anchor!.kind, ca, issuer]).toEqual(['aws', true, subject]);
});

it('a document is held against the root of AWS, and its own as a simulated one', () => {
  const { bytes, root } = build();
  const id = `root ${fingerprint(root)}`;
  expect(anchorsFor(bytes, crypto)).toEqual([...AWS_ANCHORS, { id, kind: 'simulated', der: root }]);
  expect(anchorsFor(bytes.subarray(1), crypto)).toEqual(AWS_ANCHORS);
});
