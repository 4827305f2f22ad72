import type { ErrorEntry } from './entry.ts';

export const CONFIG_ERRORS = {
  ENTROPY: {
    stage: 'config',
    exit: 1,
    cause: 'The platform gave no random bytes.',
    remedy: 'Look at /dev/urandom and, in an enclave, at the log of its first process.',
  },
  CONFIG_INVALID: {
    stage: 'config',
    exit: 2,
    cause: 'A configuration file does not fit its schema.',
    remedy: 'Mend the place that the message names; the JSON Schema is in docs/schemas.',
  },
  DATA_UNREADABLE: {
    stage: 'config',
    exit: 2,
    cause: 'The file of a dataset cannot be read.',
    remedy: 'Check the path in nmp.node.json, which is relative to that file, and its permissions.',
  },
  DATA_MALFORMED: {
    stage: 'config',
    exit: 2,
    cause: 'A record of a dataset does not fit the declared format or columns.',
    remedy: 'Mend the line that the message names, or the columns in nmp.node.json.',
  },
  DATA_LIMIT: {
    stage: 'config',
    exit: 2,
    cause: 'A dataset is larger than a limit of docs/write-logic.md.',
    remedy: 'Split the dataset or declare fewer columns.',
  },
  DATA_UNKNOWN: {
    stage: 'config',
    exit: 2,
    cause: 'No dataset or column has this name.',
    remedy: 'Ask only for datasets and columns that the capability lists.',
  },
  FHIRPATH_INVALID: {
    stage: 'config',
    exit: 2,
    cause: 'An expression is not in the FHIRPath subset of docs/write-logic.md.',
    remedy: 'Use the functions that docs/write-logic.md lists.',
  },
  GUEST_INPUT_MALFORMED: {
    stage: 'sandbox',
    exit: 1,
    cause: 'A guest input is not the canonical layout of docs/protocol.md.',
    remedy: 'Build guest inputs with encodeGuestInput.',
  },
  GUEST_INPUT_LIMIT: {
    stage: 'sandbox',
    exit: 4,
    cause: 'Arguments and tables together are longer than a guest input may be.',
    remedy: 'Ask for fewer columns or datasets.',
  },
  BUILD_FAILED: {
    stage: 'config',
    exit: 2,
    cause: 'The logic does not compile to a module of the pure ABI.',
    remedy: 'Mend the places that the compiler names; see docs/write-logic.md.',
  },
  USAGE: {
    stage: 'config',
    exit: 2,
    cause: 'The command was called with wrong arguments.',
    remedy: 'See nmp --help.',
  },
  INTERNAL: {
    stage: 'config',
    exit: 1,
    cause: 'Something failed that has no code of its own.',
    remedy: 'Report it with the command that shows it.',
  },
  INTERRUPTED: {
    stage: 'config',
    exit: 130,
    cause: 'The command was interrupted.',
    remedy: 'Run it again.',
  },
} as const satisfies Record<string, ErrorEntry>;
