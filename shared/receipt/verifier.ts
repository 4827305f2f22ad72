/** The seam to the verifier of STARK receipts (native/zk/verifier compiled to wasm). */

/** Fixed-layout public output of the guest; see docs/protocol.md, Receipt journal. */
export interface Journal {
  readonly version: number;
  readonly profileId: Uint8Array;
  readonly moduleHash: Uint8Array;
  readonly inputCommitment: Uint8Array;
  readonly datasetCommitment: Uint8Array;
  readonly outputCommitment: Uint8Array;
  readonly sessionNonce: Uint8Array;
  readonly outcome: number;
}

export interface ReceiptVerifier {
  /**
   * Checks kind, image id, seal and journal digest, in this order.
   * @param receipt at most 8 MiB, borsh of risc0's Receipt
   * @throws NmpError RECEIPT_* naming the check that failed
   */
  verify(receipt: Uint8Array, imageId: Uint8Array): Promise<Journal>;
}
