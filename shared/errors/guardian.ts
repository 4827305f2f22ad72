import type { ErrorEntry } from './entry.ts';

export const GUARDIAN_ERRORS = {
  GUARDIAN_REJECTED: {
    stage: 'guardian',
    exit: 4,
    cause: 'The static analysis refused the module before any engine saw it.',
    remedy: 'Run nmp guard on the module; the reasons name the rule.',
  },
  GUARDIAN_UNAVAILABLE: {
    stage: 'guardian',
    exit: 1,
    cause: 'The native validity authority of the guardian could not be loaded.',
    remedy: 'Build the native addons with make build.',
  },
} as const satisfies Record<string, ErrorEntry>;
