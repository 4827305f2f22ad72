import type { ErrorEntry } from './entry.ts';

export const IMAGE_ERRORS = {} as const satisfies Record<string, ErrorEntry>;
