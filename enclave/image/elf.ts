/** Drops what a program does not need to run: symbols, debug information, the section table. */
import { NmpError } from '../../shared/errors.ts';

const MAGIC = 0x7f454c46;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
/** Offsets in a 64-bit ELF header (System V ABI, chapter 4). */
const AT = { programHeaders: 32, sectionHeaders: 40, programHeaderSize: 54, programCount: 56 };
/** e_shentsize, e_shnum, e_shstrndx. */
const SECTION_FIELDS = { at: 58, bytes: 6 };

/**
 * The program cut after the last byte that any program header names, and told to have no sections.
 * The loader reads program headers only.
 *
 * @throws NmpError IMAGE_INPUT if this is no 64-bit little-endian ELF
 */
export function stripElf(elf: Uint8Array): Uint8Array {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  if (
    elf.length < HEADER_BYTES ||
    view.getUint32(0) !== MAGIC ||
    elf[4] !== CLASS_64 ||
    elf[5] !== LITTLE_ENDIAN ||
    view.getUint16(AT.programHeaderSize, true) !== PROGRAM_HEADER_BYTES
  ) {
    throw new NmpError('IMAGE_INPUT', 'A program of the image is no 64-bit ELF.');
  }
  const table = Number(view.getBigUint64(AT.programHeaders, true));
  const count = view.getUint16(AT.programCount, true);
  let end = table + count * PROGRAM_HEADER_BYTES;
  if (count === 0 || end > elf.length) throw new NmpError('IMAGE_INPUT', 'An ELF is cut off.');
  for (let index = 0; index < count; index++) {
    const at = table + index * PROGRAM_HEADER_BYTES;
    const offset = view.getBigUint64(at + 8, true);
    const size = view.getBigUint64(at + 32, true);
    end = Math.max(end, Number(offset + size));
  }
  if (end > elf.length) throw new NmpError('IMAGE_INPUT', 'An ELF is cut off.');
  const out = elf.slice(0, end);
  new DataView(out.buffer).setBigUint64(AT.sectionHeaders, 0n);
  out.fill(0, SECTION_FIELDS.at, SECTION_FIELDS.at + SECTION_FIELDS.bytes);
  return out;
}
