/**
 * The enclave image format, version 4. All integers are big-endian; the header is followed by the
 * sections, each with a header of its own, without padding.
 *
 * Sources: crate aws-nitro-enclaves-image-format 0.8.1 (defs); QEMU, hw/core/eif.c.
 */

/** ".eif" */
export const MAGIC = 0x2e656966;
export const VERSION = 4;
export const HEADER_BYTES = 548;
export const SECTION_HEADER_BYTES = 12;
export const SECTIONS_MAX = 32;

/** Offsets of the header's fields. */
export const AT = {
  magic: 0,
  version: 4,
  flags: 6,
  defaultMemory: 8,
  defaultCpus: 16,
  reserved: 24,
  sectionCount: 26,
  sectionOffsets: 28,
  sectionSizes: 284,
  unused: 540,
  crc: 544,
} as const;

/** The only flag: the machine is arm64, not x86-64. */
export const FLAG_ARM64 = 1;

/** What the crate writes; nitro-cli takes the operator's numbers instead. */
export const DEFAULT_MEMORY_BYTES = 1_073_741_824n;
export const DEFAULT_CPUS = 2n;

export const SECTION = { kernel: 1, cmdline: 2, ramdisk: 3, signature: 4, metadata: 5 } as const;
export type SectionName = keyof typeof SECTION;

/** Longest EIF that is read: an enclave's memory must hold it several times. */
export const EIF_BYTES_MAX = 1_073_741_824;
/** COMMAND_LINE_SIZE of Linux on x86-64, with its NUL. */
export const CMDLINE_BYTES_MAX = 2047;
export const METADATA_BYTES_MAX = 65_536;
export const SIGNATURE_BYTES_MAX = 32_768;

/** Bytes of one image, apart. */
export interface EifSections {
  readonly arch: 'x86_64' | 'arm64';
  readonly kernel: Uint8Array;
  /** Without a NUL at its end. */
  readonly cmdline: Uint8Array;
  /** JSON; not measured. */
  readonly metadata?: Uint8Array;
  readonly ramdisks: readonly Uint8Array[];
  /** CBOR, see eif-signature.ts; not measured, but the certificate in it is PCR8. */
  readonly signature?: Uint8Array;
}
