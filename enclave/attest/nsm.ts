/**
 * The seam to the Nitro Secure Module. `simulated.ts` signs under an own root with the chain shape
 * of genuine documents; callers can tell by `describe().simulated`.
 *
 * Sources: linux/include/uapi/linux/nsm.h; aws-nitro-enclaves-nsm-api.
 */

/** The three caller-chosen fields of an attestation document, each at most 1024 bytes. */
export interface AttestationRequest {
  readonly nonce?: Uint8Array;
  readonly userData?: Uint8Array;
  readonly publicKey?: Uint8Array;
}

export interface NsmDescription {
  readonly moduleId: string;
  readonly versionMajor: number;
  readonly versionMinor: number;
  readonly versionPatch: number;
  readonly maxPcrs: number;
  readonly lockedPcrs: readonly number[];
  readonly digest: 'SHA384';
  /** True if documents are signed under a root made on this machine. */
  readonly simulated: boolean;
}

/** Errors are `NmpError` NSM_* codes that carry the device's own error names. */
export interface Nsm {
  /** A fresh COSE_Sign1 attestation document, 4–6 KB. */
  attest(request: AttestationRequest): Promise<Uint8Array>;
  describe(): Promise<NsmDescription>;
  describePcr(index: number): Promise<{ locked: boolean; value: Uint8Array }>;
  /** Returns the new value, SHA-384(old ‖ data). */
  extendPcr(index: number, data: Uint8Array): Promise<Uint8Array>;
  lockPcr(index: number): Promise<void>;
  /** Locks PCR 0 … range − 1. */
  lockPcrs(range: number): Promise<void>;
  /** 1–256 random bytes of the device. */
  random(length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}
