import type { ErrorEntry } from './entry.ts';

export const EGRESS_ERRORS = {
  EGRESS_BLOCKED: {
    stage: 'egress',
    exit: 4,
    cause: 'The answer did not pass the egress filter and was dropped inside the node.',
    remedy: 'Return only what the declared output schema and the data owner allow.',
  },
  EGRESS_QUOTA: {
    stage: 'egress',
    exit: 4,
    cause: 'The answers to this client have told as much of the dataset as its owner allows.',
    remedy: 'Ask the data owner for a larger quota, or declare a narrower output schema.',
  },
  EGRESS_QUARANTINE: {
    stage: 'egress',
    exit: 4,
    cause: 'Too many answers of this module were blocked; it waits for the operator.',
    remedy: 'Have the operator look into the audit record and lift the quarantine.',
  },
  EGRESS_BANNED: {
    stage: 'egress',
    exit: 4,
    cause: 'An answer of this module held a planted row; the module is banned.',
    remedy: 'Have the operator look into the audit record; only the operator can lift the ban.',
  },
  EGRESS_LEDGER: {
    stage: 'egress',
    exit: 1,
    cause: 'The sealed ledger of quotas was changed, is older than it was, or cannot be written.',
    remedy: 'Restore the newest ledger, or start a new one with a new counter.',
  },
  AUDIT_RECORD: {
    stage: 'egress',
    exit: 3,
    cause: 'The audit record is damaged, or was sealed to another key.',
    remedy: 'Open it with the key whose public part stands in the node configuration.',
  },
  EGRESS_UNAVAILABLE: {
    stage: 'egress',
    exit: 1,
    cause: 'The native scanner of the egress filter could not be loaded.',
    remedy: 'Build the native addons with make build.',
  },
} as const satisfies Record<string, ErrorEntry>;
