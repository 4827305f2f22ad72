/** What the page hands to its script, as JSON in a data block. */
import type { CallHistory } from '../history.ts';

export interface AppData {
  /** The policy as the console read it, indented. */
  readonly policy: string;
  readonly history: CallHistory;
}

/** Ids of the data blocks, and of the places where the parts of the script go. */
export const BLOCKS = { data: 'app-data', verifier: 'app-verifier' } as const;
export const PLACES = {
  receipt: 'app-receipt',
  policy: 'app-policy',
  history: 'app-history',
} as const;
