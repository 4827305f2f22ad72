/** What this release pins of receipts; `make zk` rebuilds both and compares. */

/** SHA-256 of receipt-verifier.wasm. */
export const VERIFIER_SHA256 = '71bca165f93fe3f0bb922e4eaaafa4102be3737ba3e2d9ab2d6fe844ed379441';

/**
 * Image ids of the guest programs whose journals mean what docs/receipts.md says, newest first.
 * A receipt about another program proves nothing here, whoever pinned it.
 */
export const RECEIPT_IMAGES: readonly string[] = [''];
