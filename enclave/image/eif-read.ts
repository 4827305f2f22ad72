/**
 * Reads an EIF from outside. Stricter than the hypervisor: one layout only, nothing between, before
 * or after the sections, so that two readers cannot see two images in one file.
 */
import { fromUtf8 } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import {
  AT,
  CMDLINE_BYTES_MAX,
  EIF_BYTES_MAX,
  type EifSections,
  FLAG_ARM64,
  HEADER_BYTES,
  MAGIC,
  METADATA_BYTES_MAX,
  SECTION,
  SECTION_HEADER_BYTES,
  SECTIONS_MAX,
  type SectionName,
  SIGNATURE_BYTES_MAX,
  VERSION,
} from './eif-format.ts';
import { eifCrc } from './eif-write.ts';

const NAMES = new Map<number, SectionName>(
  Object.entries(SECTION).map(([name, type]) => [type, name as SectionName]),
);
/** Measured sections come in the order in which they are measured. */
const RANK: Readonly<Record<SectionName, number>> = {
  kernel: 0,
  cmdline: 1,
  ramdisk: 2,
  metadata: -1,
  signature: -1,
};

interface Section {
  readonly name: SectionName;
  readonly data: Uint8Array;
}

/** The sections that the header's table lists, which must fill the file without a gap. */
function sectionsOf(eif: Uint8Array, view: DataView): Section[] {
  const count = view.getUint16(AT.sectionCount);
  if (count > SECTIONS_MAX) throw new NmpError('EIF_LAYOUT');
  const sections: Section[] = [];
  let at = HEADER_BYTES;
  for (let index = 0; index < SECTIONS_MAX; index++) {
    const offset = view.getBigUint64(AT.sectionOffsets + 8 * index);
    const size = view.getBigUint64(AT.sectionSizes + 8 * index);
    if (index >= count) {
      if (offset !== 0n || size !== 0n) throw new NmpError('EIF_LAYOUT');
      continue;
    }
    const start = at + SECTION_HEADER_BYTES;
    if (offset !== BigInt(at) || start > eif.length || size > BigInt(eif.length - start)) {
      throw new NmpError('EIF_LAYOUT');
    }
    if (view.getUint16(at + 2) !== 0 || view.getBigUint64(at + 4) !== size) {
      throw new NmpError('EIF_LAYOUT');
    }
    const name = NAMES.get(view.getUint16(at));
    if (name === undefined) throw new NmpError('EIF_SECTIONS');
    at = start + Number(size);
    sections.push({ name, data: eif.subarray(start, at) });
  }
  if (at !== eif.length) throw new NmpError('EIF_LAYOUT');
  return sections;
}

function only(sections: readonly Section[], name: SectionName): Uint8Array | undefined {
  const found = sections.filter((section) => section.name === name);
  if (found.length > 1) throw new NmpError('EIF_SECTIONS');
  return found[0]?.data;
}

function checkCmdline(cmdline: Uint8Array): void {
  const printable = cmdline.every((byte) => byte >= 0x20 && byte < 0x7f);
  if (cmdline.length === 0 || cmdline.length > CMDLINE_BYTES_MAX || !printable) {
    throw new NmpError('EIF_CMDLINE');
  }
}

/** @throws NmpError EIF_METADATA */
export function parseMetadata(metadata: Uint8Array): Readonly<Record<string, unknown>> {
  if (metadata.length > METADATA_BYTES_MAX) throw new NmpError('EIF_METADATA');
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(metadata));
  } catch (cause) {
    throw new NmpError('EIF_METADATA', undefined, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new NmpError('EIF_METADATA');
  }
  return { ...value };
}

/**
 * @param eif the whole file; the sections returned are views of it
 * @throws NmpError EIF_SIZE, EIF_MAGIC, EIF_VERSION, EIF_CRC, EIF_LAYOUT, EIF_SECTIONS,
 *   EIF_CMDLINE, EIF_METADATA, EIF_SIGNATURE
 */
export function readEif(eif: Uint8Array): EifSections {
  if (eif.length < HEADER_BYTES || eif.length > EIF_BYTES_MAX) throw new NmpError('EIF_SIZE');
  const view = new DataView(eif.buffer, eif.byteOffset, eif.byteLength);
  if (view.getUint32(AT.magic) !== MAGIC) throw new NmpError('EIF_MAGIC');
  const flags = view.getUint16(AT.flags);
  if (view.getUint16(AT.version) !== VERSION || (flags & ~FLAG_ARM64) !== 0) {
    throw new NmpError('EIF_VERSION');
  }
  if (view.getUint16(AT.reserved) !== 0 || view.getUint32(AT.unused) !== 0) {
    throw new NmpError('EIF_LAYOUT');
  }
  if (view.getUint32(AT.crc) !== eifCrc(eif)) throw new NmpError('EIF_CRC');

  const sections = sectionsOf(eif, view);
  const ranks = sections.map(({ name }) => RANK[name]).filter((rank) => rank >= 0);
  if (ranks.some((rank, index) => index > 0 && rank < (ranks[index - 1] ?? 0))) {
    throw new NmpError('EIF_SECTIONS');
  }
  const kernel = only(sections, 'kernel');
  const cmdline = only(sections, 'cmdline');
  const metadata = only(sections, 'metadata');
  const signature = only(sections, 'signature');
  const ramdisks = sections.filter(({ name }) => name === 'ramdisk').map(({ data }) => data);
  if (kernel === undefined || kernel.length === 0) throw new NmpError('EIF_SECTIONS');
  if (cmdline === undefined || ramdisks.length === 0) throw new NmpError('EIF_SECTIONS');
  checkCmdline(cmdline);
  if (metadata !== undefined) parseMetadata(metadata);
  if (signature !== undefined && signature.length > SIGNATURE_BYTES_MAX) {
    throw new NmpError('EIF_SIGNATURE');
  }
  return {
    arch: flags === FLAG_ARM64 ? 'arm64' : 'x86_64',
    kernel,
    cmdline,
    ramdisks,
    ...(metadata === undefined ? {} : { metadata }),
    ...(signature === undefined ? {} : { signature }),
  };
}
