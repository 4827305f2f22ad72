/** Says what an EIF holds, down to the files: what `nmp inspect eif` shows and pcrs.json keeps. */
import { createHash } from 'node:crypto';
import { toHex } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import type { CpioEntry } from './cpio.ts';
import type { EifSections } from './eif-format.ts';
import { parseMetadata, readEif } from './eif-read.ts';
import { openEifSignature } from './eif-signature.ts';
import { type ImagePcrs, measureImage } from './measure.ts';
import { unpackRamdisk } from './ramdisk.ts';

export interface FileFacts {
  readonly path: string;
  readonly kind: CpioEntry['kind'];
  /** Four octal digits. */
  readonly mode: string;
  readonly bytes: number;
  /** SHA-256 of the content, of a link's target, or of `major:minor`; hex. */
  readonly sha256: string;
}

export interface PartFacts {
  readonly bytes: number;
  readonly sha256: string;
}

export interface ImageFacts {
  readonly arch: EifSections['arch'];
  readonly image: PartFacts;
  readonly pcrs: ImagePcrs;
  readonly kernel: PartFacts;
  readonly cmdline: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly signature?: {
    readonly subject: string;
    readonly notBefore: string;
    readonly notAfter: string;
    /** True if it is over this image's PCR0. */
    readonly ofThisImage: boolean;
  };
  /** `files` is absent where a ramdisk is in no form that is read. */
  readonly ramdisks: readonly (PartFacts & { readonly files?: readonly FileFacts[] })[];
}

export function sha256Hex(bytes: Uint8Array): string {
  return toHex(createHash('sha256').update(bytes).digest());
}

function part(bytes: Uint8Array): PartFacts {
  return { bytes: bytes.length, sha256: sha256Hex(bytes) };
}

export function fileFacts(entry: CpioEntry): FileFacts {
  const { path, kind, mode } = entry;
  let content = new Uint8Array(0);
  if (entry.kind === 'file') content = Uint8Array.from(entry.data);
  if (entry.kind === 'link') content = Uint8Array.from(Buffer.from(entry.target));
  if (entry.kind === 'device')
    content = Uint8Array.from(Buffer.from(`${entry.major}:${entry.minor}`));
  const bytes = entry.kind === 'file' ? content.length : 0;
  return { path, kind, mode: mode.toString(8).padStart(4, '0'), bytes, sha256: sha256Hex(content) };
}

function filesOf(ramdisk: Uint8Array): { readonly files?: readonly FileFacts[] } {
  try {
    return { files: unpackRamdisk(ramdisk).map(fileFacts) };
  } catch (error) {
    // Others' ramdisks may be compressed in ways that are not read; they are measured all the same.
    if (error instanceof NmpError && error.code === 'RAMDISK_MALFORMED') return {};
    throw error;
  }
}

/** @throws NmpError EIF_*, RAMDISK_LIMIT, RAMDISK_PATH */
export function describeEif(eif: Uint8Array): ImageFacts {
  const sections = readEif(eif);
  const { arch, kernel, cmdline, metadata, ramdisks } = sections;
  const signature = sections.signature && openEifSignature(sections.signature);
  const certificate = signature && Uint8Array.from(signature.certificate.raw);
  const pcrs = measureImage({ ...sections, ...(certificate === undefined ? {} : { certificate }) });
  return {
    arch,
    image: part(eif),
    pcrs,
    kernel: part(kernel),
    cmdline: Buffer.from(cmdline).toString('latin1'),
    ...(metadata === undefined ? {} : { metadata: parseMetadata(metadata) }),
    ...(signature === undefined
      ? {}
      : {
          signature: {
            subject: signature.certificate.subject,
            notBefore: signature.certificate.validFromDate.toISOString(),
            notAfter: signature.certificate.validToDate.toISOString(),
            ofThisImage: signature.pcr0 === pcrs.PCR0,
          },
        }),
    ramdisks: ramdisks.map((ramdisk) => ({ ...part(ramdisk), ...filesOf(ramdisk) })),
  };
}
