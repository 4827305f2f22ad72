/** Where each file of the image comes from, and why it is there. */
import type { CpioEntry } from './cpio.ts';

export interface Origin {
  /** Debian's, npm's or this project's name. */
  readonly package: string;
  readonly version: string;
  readonly reason: string;
}

export type ImageEntry = CpioEntry & { readonly origin: Origin };

/** The entry alone, as the archive writes it. */
export function withoutOrigin({ origin: _, ...entry }: ImageEntry): CpioEntry {
  return entry;
}
