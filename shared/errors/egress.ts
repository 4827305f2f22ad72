import type { ErrorEntry } from './entry.ts';

export const EGRESS_ERRORS = {
  EGRESS_BLOCKED: {
    stage: 'egress',
    exit: 4,
    cause: 'The answer did not pass the egress filter and was dropped inside the node.',
    remedy: 'Return only what the declared output schema and the data owner allow.',
  },
  EGRESS_UNAVAILABLE: {
    stage: 'egress',
    exit: 1,
    cause: 'The native scanner of the egress filter could not be loaded.',
    remedy: 'Build the native addons with make build.',
  },
} as const satisfies Record<string, ErrorEntry>;
