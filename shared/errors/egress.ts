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
  EGRESS_GIVEN: {
    stage: 'egress',
    exit: 1,
    cause: 'The ledger of quotas was given to an heir; nothing is charged to it here any more.',
    remedy: 'Call the heir. If it never got the ledger, decide on a new one (docs/scale-out.md).',
  },
  HANDOVER_REFUSED: {
    stage: 'egress',
    exit: 1,
    cause: 'Ledger and keys were not handed over: other rules, a malformed message, or no answer.',
    remedy:
      'Start giver and heir with one configuration and one name, and look at their NATS server.',
  },
  HANDOVER_UNCONFIRMED: {
    stage: 'egress',
    exit: 1,
    cause: 'Ledger and keys were given up, and the heir did not say that it has them.',
    remedy: 'See whether the heir started; if not, decide on a new ledger (docs/scale-out.md).',
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
