import type { ErrorEntry } from './entry.ts';

export const RELEASE_ERRORS = {
  RELEASE_MALFORMED: {
    stage: 'attestation',
    exit: 5,
    cause: 'A release manifest, bundle, checkpoint or trust file is not of its form.',
    remedy: 'Fetch the file again from the publisher; docs/releases.md gives the forms.',
  },
  RELEASE_SIGNATURES: {
    stage: 'attestation',
    exit: 5,
    cause: 'Fewer of the trusted signers have signed the release than the trust file asks for.',
    remedy: 'Do not run it; ask the publisher why signatures are missing.',
  },
  RELEASE_CHECKPOINT: {
    stage: 'attestation',
    exit: 5,
    cause: "The checkpoint does not carry the log's signature, or names another log.",
    remedy: 'Compare origin and key of the trust file with those that the log publishes.',
  },
  RELEASE_NOT_LOGGED: {
    stage: 'attestation',
    exit: 7,
    cause: 'The release is not proven to stand in the transparency log.',
    remedy: 'Ask the publisher for a bundle with a valid inclusion proof; trust nothing less.',
  },
  RELEASE_LOG_REWRITTEN: {
    stage: 'attestation',
    exit: 5,
    cause: 'The log does not continue the one that was seen before.',
    remedy: 'Keep both checkpoints: together they prove that the log was changed.',
  },
  RELEASE_ROLLBACK: {
    stage: 'attestation',
    exit: 5,
    cause: 'The release is older than one that was accepted before.',
    remedy: 'Use the newest release; a rollback needs a new one with a higher sequence.',
  },
} as const satisfies Record<string, ErrorEntry>;
