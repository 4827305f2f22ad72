import type { ErrorEntry } from './entry.ts';

export const CERTIFICATE_ERRORS = {
  CERTIFICATE_MALFORMED: {
    stage: 'receipt',
    exit: 6,
    cause: 'The execution certificate is not the canonical COSE_Sign1 of docs/protocol.md.',
    remedy: 'Do not trust the answer; report it to the operator of the node.',
  },
  CERTIFICATE_SIGNATURE: {
    stage: 'receipt',
    exit: 6,
    cause: 'The execution certificate is not signed by the key that the attested statement names.',
    remedy: 'Do not trust the answer; it does not come from the attested enclave.',
  },
  CERTIFICATE_MISMATCH: {
    stage: 'receipt',
    exit: 6,
    cause: 'A field of the execution certificate does not fit the request, session or answer.',
    remedy: 'Do not trust the answer; the report names the field.',
  },
  QUORUM_FAILED: {
    stage: 'receipt',
    exit: 6,
    cause: 'Too few nodes gave the same answer.',
    remedy: 'Do not trust any of the answers; look at the evidence of each node.',
  },
} as const satisfies Record<string, ErrorEntry>;
