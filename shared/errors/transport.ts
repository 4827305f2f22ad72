import type { ErrorEntry } from './entry.ts';

export const TRANSPORT_ERRORS = {
  UNREACHABLE: {
    stage: 'transport',
    exit: 3,
    cause: 'No connection to the node could be made.',
    remedy: 'Check the address and that the parent process runs.',
  },
  TIMEOUT: {
    stage: 'transport',
    exit: 3,
    cause: 'No answer came within the timeout.',
    remedy: 'Call again; raise the timeout if the work is long.',
  },
  CONNECTION_LOST: {
    stage: 'transport',
    exit: 3,
    cause: 'The connection ended before the answer was whole.',
    remedy: 'Connect again; an answer that was not whole is never released.',
  },
} as const satisfies Record<string, ErrorEntry>;
