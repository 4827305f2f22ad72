/** What this release pins of receipts; `make zk` rebuilds both and compares. */

/** SHA-256 of receipt-verifier.wasm. */
export const VERIFIER_SHA256 = '690d4a93310d15fc6d0a928fa4e2bfb000cdd4c360ca208a7ad4b465115a4fbc';

/**
 * Image ids of the guest programs whose journals mean what docs/receipts.md says, newest first.
 * A receipt about another program proves nothing here, whoever pinned it.
 */
export const RECEIPT_IMAGES: readonly string[] = [
  'a54296c216585270f19d8a1de2ac4b9599355d16f2414a236fc17120a0195815',
];
