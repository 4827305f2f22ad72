import type { ErrorEntry } from './entry.ts';

const remedy = 'The device refused a request of the node; report it with the release of the image.';

/** Names of the device's own errors (aws-nitro-enclaves-nsm-api, ErrorCode) behind NSM_. */
export const NSM_ERRORS = {
  NSM_INVALID_ARGUMENT: {
    stage: 'attestation',
    exit: 1,
    cause: 'NSM InvalidArgument: an argument of the request is missing or empty.',
    remedy,
  },
  NSM_INVALID_INDEX: {
    stage: 'attestation',
    exit: 1,
    cause: 'NSM InvalidIndex: the device has no PCR of this index.',
    remedy,
  },
  NSM_READ_ONLY_INDEX: {
    stage: 'attestation',
    exit: 1,
    cause: 'NSM ReadOnlyIndex: the PCR is locked.',
    remedy,
  },
  NSM_INPUT_TOO_LARGE: {
    stage: 'attestation',
    exit: 1,
    cause: 'NSM InputTooLarge: a field or the whole request exceeds its limit.',
    remedy,
  },
  NSM_INVALID_OPERATION: {
    stage: 'attestation',
    exit: 1,
    cause: 'NSM InvalidOperation: the device does not offer this operation.',
    remedy,
  },
  NSM_BUFFER_TOO_SMALL: {
    stage: 'attestation',
    exit: 1,
    cause: 'NSM BufferTooSmall: the answer exceeds what the device may give.',
    remedy,
  },
  NSM_INTERNAL: {
    stage: 'attestation',
    exit: 1,
    cause: 'NSM InternalError: the device failed within itself.',
    remedy: 'Start the enclave anew; if it happens again, move it to another instance.',
  },
  NSM_INVALID_RESPONSE: {
    stage: 'attestation',
    exit: 1,
    cause: 'NSM InvalidResponse: the answer is malformed or of another request.',
    remedy,
  },
  NSM_UNREACHABLE: {
    stage: 'attestation',
    exit: 1,
    cause: 'The socket of the device cannot be reached, was closed, or did not answer in time.',
    remedy: 'Start the enclave anew: its first process, which owns the device, is gone or stuck.',
  },
  NSM_ROOT: {
    stage: 'attestation',
    exit: 2,
    cause: 'The files of the simulated root cannot be read or do not fit each other.',
    remedy: 'Remove simulated-root.* from the state folder; a new root gets a new fingerprint.',
  },
} as const satisfies Record<string, ErrorEntry>;
