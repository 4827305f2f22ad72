import type { ErrorEntry } from './entry.ts';

export const CONFIG_ERRORS = {
  CONFIG_INVALID: {
    stage: 'config',
    exit: 2,
    cause: 'A configuration file does not fit its schema.',
    remedy: 'Mend the place that the message names; the JSON Schema is in docs/schemas.',
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
