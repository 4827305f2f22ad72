/** `nmp-enclave/shared`: what clients in browsers need besides the client library. */
export { createWebVerifierCrypto } from './attestation/crypto-web.ts';
export { AWS_ANCHORS } from './attestation/roots.ts';
export { verifyAttestation } from './attestation/verify.ts';
export { createNobleSuite } from './crypto/suite-noble.ts';
export { openCertificate } from './receipt/certificate.ts';
export { parseReceiptRequest } from './receipt/request.ts';
export { createReceiptVerifier } from './receipt/verify.ts';
