/** Bytes in memory as the sealed stream reads them. */
import type { SealedInput } from '../../enclave/data/sealed/stream.ts';

export function inputOf(bytes: Uint8Array): SealedInput {
  return { size: bytes.length, read: async (at, length) => bytes.slice(at, at + length) };
}
