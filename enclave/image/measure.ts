/** Platform configuration registers of an image, as the Nitro hypervisor measures them at boot. */
import { createHash } from 'node:crypto';
import { toHex } from '../../shared/bytes.ts';

/** Hex, 48 bytes each; PCR8 only of a signed image. */
export interface ImagePcrs {
  readonly PCR0: string;
  readonly PCR1: string;
  readonly PCR2: string;
  readonly PCR8?: string;
}

export interface MeasuredSections {
  readonly kernel: Uint8Array;
  readonly cmdline: Uint8Array;
  readonly ramdisks: readonly Uint8Array[];
  /** DER of the signing certificate. */
  readonly certificate?: Uint8Array;
}

const PCR_BYTES = 48;

/** SHA-384(48 zero bytes ‖ SHA-384(content)), hex. */
export function measureParts(...parts: readonly Uint8Array[]): string {
  const content = createHash('sha384');
  for (const part of parts) content.update(part);
  const pcr = createHash('sha384').update(new Uint8Array(PCR_BYTES)).update(content.digest());
  return toHex(pcr.digest());
}

/**
 * PCR0 = kernel ‖ cmdline ‖ all ramdisks, PCR1 = kernel ‖ cmdline ‖ first ramdisk, PCR2 = the other
 * ramdisks, PCR8 = signing certificate. Metadata and section boundaries are in none of them, so
 * that only PCR 0, 1 and 2 together say what runs.
 */
export function measureImage(sections: MeasuredSections): ImagePcrs {
  const { kernel, cmdline, ramdisks, certificate } = sections;
  return {
    PCR0: measureParts(kernel, cmdline, ...ramdisks),
    PCR1: measureParts(kernel, cmdline, ...ramdisks.slice(0, 1)),
    PCR2: measureParts(...ramdisks.slice(1)),
    ...(certificate === undefined ? {} : { PCR8: measureParts(certificate) }),
  };
}
