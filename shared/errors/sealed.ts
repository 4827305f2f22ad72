import type { ErrorEntry } from './entry.ts';

const another = 'Seal the dataset anew with nmp seal and hand over the file unchanged.';
const kms =
  'Report it with the region of the key: the answer is not of the form that AWS documents.';

/** Sealed datasets, the key service that opens them, and the clock that the NSM holds up. */
export const SEALED_ERRORS = {
  SEALED_MALFORMED: {
    stage: 'config',
    exit: 2,
    cause: 'A file is not a sealed dataset of version 1.',
    remedy: another,
  },
  SEALED_TRUNCATED: {
    stage: 'config',
    exit: 2,
    cause: 'A sealed dataset ends before its last chunk.',
    remedy: another,
  },
  SEALED_CHUNK: {
    stage: 'config',
    exit: 2,
    cause: 'A chunk of a sealed dataset is not authentic at its place under its header and key.',
    remedy: another,
  },
  SEALED_COMMITMENT: {
    stage: 'config',
    exit: 2,
    cause: 'The plaintext of a sealed dataset is not the one its header commits to.',
    remedy: another,
  },
  SEALED_MISMATCH: {
    stage: 'config',
    exit: 2,
    cause: 'A sealed dataset is of another name, format or key than the configuration says.',
    remedy: 'Compare id, format and sealed in nmp.node.json with what nmp seal printed.',
  },
  SEALED_KEY: {
    stage: 'config',
    exit: 2,
    cause: 'A key file is unreadable or malformed, or it is not the key of the sealed dataset.',
    remedy: 'Give the file that nmp seal was given: 64 hexadecimal digits.',
  },
  KMS_CREDENTIALS: {
    stage: 'config',
    exit: 2,
    cause: 'There are no credentials to ask the key service with.',
    remedy: 'Give the parent instance a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
  },
  KMS_UNREACHABLE: {
    stage: 'config',
    exit: 3,
    cause: 'The key service cannot be reached, or did not answer in time.',
    remedy: 'Check region and endpoint, and that the parent can reach the host.',
  },
  KMS_DENIED: {
    stage: 'config',
    exit: 5,
    cause: 'The key service refuses to use the key for this caller or this measurement.',
    remedy: 'Compare the PCRs of the image with the key policy: nmp pcrs show.',
  },
  KMS_RESPONSE: {
    stage: 'config',
    exit: 1,
    cause: 'The key service answered in the clear, with another key, or without an envelope.',
    remedy: kms,
  },
  CMS_SIZE: {
    stage: 'config',
    exit: 1,
    cause: 'A CMS envelope or a part of it is longer than an envelope for one key can be.',
    remedy: kms,
  },
  CMS_MALFORMED: {
    stage: 'config',
    exit: 1,
    cause: 'A CMS envelope is not BER of EnvelopedData version 2.',
    remedy: kms,
  },
  CMS_RECIPIENT: {
    stage: 'config',
    exit: 1,
    cause: 'A CMS envelope does not name exactly one recipient by its subject key identifier.',
    remedy: kms,
  },
  CMS_ALGORITHM: {
    stage: 'config',
    exit: 1,
    cause: 'A CMS envelope uses other algorithms than OAEP with SHA-256 and AES-256-CBC.',
    remedy: kms,
  },
  CMS_DECRYPT: {
    stage: 'config',
    exit: 1,
    cause: 'A CMS envelope does not open with the key of the request that asked for it.',
    remedy: 'Start again; if it repeats, somebody between the node and the key service answers.',
  },
  CLOCK_MOVED_BACK: {
    stage: 'attestation',
    exit: 1,
    cause: 'The clock lies behind a time that the NSM has signed.',
    remedy:
      'Look at who set the clock of the host; the node stays closed until it is started anew.',
  },
} as const satisfies Record<string, ErrorEntry>;
