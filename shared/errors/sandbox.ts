import type { ErrorEntry } from './entry.ts';

export const SANDBOX_ERRORS = {
  SANDBOX_TRAP: {
    stage: 'sandbox',
    exit: 4,
    cause: 'The module trapped.',
    remedy: 'Run the module locally on sample data; a trap is a bug in the module.',
  },
  SANDBOX_FUEL: {
    stage: 'sandbox',
    exit: 4,
    cause: 'The module used up its fuel.',
    remedy: 'Make the module cheaper or ask for a capability with a higher fuel limit.',
  },
  SANDBOX_MEMORY: {
    stage: 'sandbox',
    exit: 4,
    cause: 'The module asked for more memory than its cap.',
    remedy: 'Work on fewer rows at a time or ask for a capability with a higher cap.',
  },
  SANDBOX_DEADLINE: {
    stage: 'sandbox',
    exit: 4,
    cause: 'The module did not end before its deadline and was killed.',
    remedy: 'Make the module cheaper or ask for a later deadline.',
  },
  SANDBOX_ABI: {
    stage: 'sandbox',
    exit: 4,
    cause: 'The module broke the guest ABI (exports, result range, output size).',
    remedy: 'See docs/protocol.md, section Guest ABI.',
  },
  SANDBOX_LOST: {
    stage: 'sandbox',
    exit: 1,
    cause: 'The sandbox process died during the call.',
    remedy: 'Call again; the node starts a new sandbox process by itself.',
  },
  SANDBOX_UNAVAILABLE: {
    stage: 'sandbox',
    exit: 1,
    cause: 'No sandbox engine could be started.',
    remedy: 'Build the native addon with make build.',
  },
} as const satisfies Record<string, ErrorEntry>;
