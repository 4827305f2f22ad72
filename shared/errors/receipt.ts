import type { ErrorEntry } from './entry.ts';

export const RECEIPT_ERRORS = {} as const satisfies Record<string, ErrorEntry>;
