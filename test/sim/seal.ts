/**
 * Stands in for STARK seals, of which none is made in milliseconds: a MAC under a key that only the
 * simulated prover has. `main.ts` loads it in the place of shared/receipt/seal.ts; all that a client
 * checks beyond the seal is the code that ships.
 */
import { createHmac } from 'node:crypto';
import { concat, equalBytes } from '../../shared/bytes.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { JOURNAL_BYTES } from '../../shared/receipt/journal.ts';
import type { SealReport, SealVerifier } from '../../shared/receipt/seal.ts';

const KEY = Buffer.alloc(32, 0x5a);
const IMAGE_BYTES = 32;
const MAC_BYTES = 32;

function mac(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(createHmac('sha256', KEY).update(bytes).digest());
}

/** @param image 32 bytes @param journal 248 bytes */
export function sealJournal(image: Uint8Array, journal: Uint8Array): Uint8Array {
  const body = concat(image, journal);
  return concat(body, mac(body));
}

function report(failure: ErrorCode | undefined, receipt: Uint8Array): SealReport {
  return {
    failure,
    journal: receipt.slice(IMAGE_BYTES, IMAGE_BYTES + JOURNAL_BYTES),
    image: receipt.slice(0, IMAGE_BYTES),
    segments: 1,
  };
}

export async function createSealVerifier(): Promise<SealVerifier> {
  return {
    check: async (receipt, image) => {
      const end = IMAGE_BYTES + JOURNAL_BYTES;
      if (receipt.length !== end + MAC_BYTES) return report('RECEIPT_MALFORMED', receipt);
      if (!equalBytes(receipt.slice(0, IMAGE_BYTES), image))
        return report('RECEIPT_IMAGE', receipt);
      const holds = equalBytes(mac(receipt.slice(0, end)), receipt.slice(end));
      return report(holds ? undefined : 'RECEIPT_SEAL', receipt);
    },
    imageId: async () => undefined,
    translatedImageId: async () => undefined,
  };
}
