import type { ErrorEntry } from './entry.ts';

export const MCP_ERRORS = {
  LOGIC_QUARANTINED: {
    stage: 'egress',
    exit: 4,
    cause: 'This logic, or this capability, was blocked too often and is not tried any more.',
    remedy: 'Change what the logic returns and wait; docs/mcp.md names the budget.',
  },
  CAPABILITY_CHANGED: {
    stage: 'attestation',
    exit: 7,
    cause: 'The node describes the capability otherwise than when it was pinned.',
    remedy: 'Compare the two, then run nmp trust approve, or stop using this node.',
  },
  NODE_NOT_LISTED: {
    stage: 'config',
    exit: 2,
    cause: 'The bridge was started for certain nodes, and this is none of them.',
    remedy: 'Call nmp_discover for the nodes that can be used, or start the bridge with --node.',
  },
  LOGIC_SOURCE: {
    stage: 'config',
    exit: 2,
    cause: 'The logic is not given in exactly one way, or its file cannot be used.',
    remedy:
      'Give one of source, file or moduleHash; a file ends in .wasm or .ts and lies in the folder for logic.',
  },
  JOB_UNKNOWN: {
    stage: 'config',
    exit: 2,
    cause: 'No job has this handle, or its outcome was dropped after its time.',
    remedy: 'Call the capability again; outcomes are kept for ten minutes.',
  },
  JOB_LIMIT: {
    stage: 'config',
    exit: 2,
    cause: 'As many jobs are running as the bridge holds.',
    remedy: 'Wait for a job to end, or cancel one with nmp_job.',
  },
} as const satisfies Record<string, ErrorEntry>;
