/** Writes an EIF, byte for byte as AWS's own builder does. */
import { crc32 } from 'node:zlib';
import { NmpError } from '../../shared/errors.ts';
import {
  AT,
  DEFAULT_CPUS,
  DEFAULT_MEMORY_BYTES,
  EIF_BYTES_MAX,
  type EifSections,
  FLAG_ARM64,
  HEADER_BYTES,
  MAGIC,
  SECTION,
  SECTION_HEADER_BYTES,
  SECTIONS_MAX,
  type SectionName,
  VERSION,
} from './eif-format.ts';

/** Sections in the order in which AWS's builder writes them. */
function inOrder(sections: EifSections): readonly (readonly [SectionName, Uint8Array])[] {
  const { kernel, cmdline, metadata, ramdisks, signature } = sections;
  return [
    ['kernel', kernel],
    ['cmdline', cmdline],
    ...(metadata === undefined ? [] : [['metadata', metadata] as const]),
    ...ramdisks.map((data) => ['ramdisk', data] as const),
    ...(signature === undefined ? [] : [['signature', signature] as const]),
  ];
}

/** @throws NmpError EIF_SECTIONS, EIF_SIZE */
export function writeEif(sections: EifSections): Uint8Array {
  const list = inOrder(sections);
  if (sections.ramdisks.length === 0 || list.length > SECTIONS_MAX) {
    throw new NmpError('EIF_SECTIONS');
  }
  let total = HEADER_BYTES;
  for (const [, data] of list) total += SECTION_HEADER_BYTES + data.length;
  if (total > EIF_BYTES_MAX) throw new NmpError('EIF_SIZE');

  const out = new Uint8Array(total);
  const view = new DataView(out.buffer);
  view.setUint32(AT.magic, MAGIC);
  view.setUint16(AT.version, VERSION);
  view.setUint16(AT.flags, sections.arch === 'arm64' ? FLAG_ARM64 : 0);
  view.setBigUint64(AT.defaultMemory, DEFAULT_MEMORY_BYTES);
  view.setBigUint64(AT.defaultCpus, DEFAULT_CPUS);
  view.setUint16(AT.sectionCount, list.length);
  let at = HEADER_BYTES;
  list.forEach(([name, data], index) => {
    view.setBigUint64(AT.sectionOffsets + 8 * index, BigInt(at));
    view.setBigUint64(AT.sectionSizes + 8 * index, BigInt(data.length));
    view.setUint16(at, SECTION[name]);
    view.setBigUint64(at + 4, BigInt(data.length));
    out.set(data, at + SECTION_HEADER_BYTES);
    at += SECTION_HEADER_BYTES + data.length;
  });
  view.setUint32(AT.crc, eifCrc(out));
  return out;
}

/** CRC-32 over everything but the field that holds it. */
export function eifCrc(eif: Uint8Array): number {
  return crc32(eif.subarray(HEADER_BYTES), crc32(eif.subarray(0, AT.crc)));
}
