import type { ErrorEntry } from './entry.ts';

export const EGRESS_ERRORS = {
  EGRESS_BLOCKED: {
    stage: 'egress',
    exit: 4,
    cause: 'The answer did not pass the egress filter and was dropped inside the node.',
    remedy: 'Return only what the declared output schema and the data owner allow.',
  },
} as const satisfies Record<string, ErrorEntry>;
