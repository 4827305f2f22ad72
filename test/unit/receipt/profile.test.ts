/** A proof cannot be made that mixes program and profile; the check that refuses one needs a stand-in. */
import { expect, it } from 'vitest';
import { toHex } from '../../../shared/bytes.ts';
import { createNodeSuite } from '../../../shared/crypto/suite-node.ts';
import { decodeJournal, RECEIPT_PROFILE } from '../../../shared/receipt/journal.ts';
import type { SealVerifier } from '../../../shared/receipt/seal.ts';
import { receiptVerifierWith } from '../../../shared/receipt/verify.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { receiptVector } from '../../support/receipts.ts';

const image = new Uint8Array(32).fill(5);
const { receipt, module, request } = receiptVector('sum');
/** The journal of an interpreted run, said to be of whatever program is asked for. */
const journal = Uint8Array.from(receipt.subarray(Buffer.from(receipt).lastIndexOf('NMPJ'))).slice(
  0,
  248,
);

const seals: SealVerifier = {
  check: async () => ({ failure: undefined, journal, image, segments: 1 }),
  imageId: async () => undefined,
  translatedImageId: async () => image,
};

it('RECEIPT_PROFILE for a translation that says it was interpreted', async () => {
  expect(decodeJournal(journal).profile).toBe(RECEIPT_PROFILE);
  const suite = createNodeSuite();
  const asked = { ...request, imageId: image };
  const verifier = receiptVerifierWith({ suite, seals }, {});
  expect(await codeOfAsync(verifier.verify(module, receipt, asked))).toBe('RECEIPT_PROFILE');
  // The same journal from a program that may say so.
  const images = [toHex(image)];
  const interpreter = receiptVerifierWith({ suite, seals }, { images });
  expect((await interpreter.verify(module, receipt, asked)).journal.outcome).toBe('ok');
});
