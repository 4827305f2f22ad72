/** The digest of the guardian's verdict that an execution certificate carries. */
import type { CryptoSuite } from '../../shared/crypto/suite.ts';
import { encodeCbor } from '../../shared/wire/cbor.ts';
import type { GuardianVerdict } from '../guardian/guardian.ts';

/** SHA-256 of canonical CBOR [verdict, reasons, flags, module hash, policy hash]. */
export function guardianDigest(suite: CryptoSuite, verdict: GuardianVerdict): Uint8Array {
  return suite.sha256(
    encodeCbor([
      verdict.verdict,
      [...verdict.reasons],
      [...verdict.flags],
      verdict.moduleHash,
      verdict.policyHash,
    ]),
  );
}
