import type { ErrorEntry } from './entry.ts';

export const ATTESTATION_ERRORS = {} as const satisfies Record<string, ErrorEntry>;
