/** Programs of the image: what they need to run, and nothing else of them. */
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

/** p_type of a program header, and where its fields are. */
const SEGMENT = { load: 1, dynamic: 2, offset: 8, address: 16, bytes: 32 } as const;
/** d_tag of an entry of the dynamic section, 16 bytes each. */
const DYNAMIC = { needed: 1n, strings: 5n, bytes: 16 } as const;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly bytes: number;
}

const malformed = (what: string) => new NmpError('IMAGE_INPUT', what);

/** @throws NmpError IMAGE_INPUT if this is no 64-bit little-endian ELF, or is cut off */
function segmentsOf(elf: Uint8Array): readonly Segment[] {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  if (
    elf.length < HEADER_BYTES ||
    view.getUint32(0) !== MAGIC ||
    elf[4] !== CLASS_64 ||
    elf[5] !== LITTLE_ENDIAN ||
    view.getUint16(AT.programHeaderSize, true) !== PROGRAM_HEADER_BYTES
  ) {
    throw malformed('A program of the image is no 64-bit ELF.');
  }
  const table = Number(view.getBigUint64(AT.programHeaders, true));
  const count = view.getUint16(AT.programCount, true);
  if (count === 0 || table + count * PROGRAM_HEADER_BYTES > elf.length) {
    throw malformed('An ELF is cut off.');
  }
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * PROGRAM_HEADER_BYTES;
    const field = (offset: number) => Number(view.getBigUint64(at + offset, true));
    const offset = field(SEGMENT.offset);
    const bytes = field(SEGMENT.bytes);
    if (offset + bytes > elf.length) throw malformed('An ELF is cut off.');
    return { type: view.getUint32(at, true), offset, bytes, address: field(SEGMENT.address) };
  });
}

/**
 * The program cut after the last byte that any program header names, and told to have no sections.
 * The loader reads program headers only.
 *
 * @throws NmpError IMAGE_INPUT if this is no 64-bit little-endian ELF
 */
export function stripElf(elf: Uint8Array): Uint8Array {
  const segments = segmentsOf(elf);
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  const table = Number(view.getBigUint64(AT.programHeaders, true));
  const end = Math.max(
    table + segments.length * PROGRAM_HEADER_BYTES,
    ...segments.map(({ offset, bytes }) => offset + bytes),
  );
  const out = elf.slice(0, end);
  new DataView(out.buffer).setBigUint64(AT.sectionHeaders, 0n);
  out.fill(0, SECTION_FIELDS.at, SECTION_FIELDS.at + SECTION_FIELDS.bytes);
  return out;
}

/**
 * Names of the shared libraries that the loader looks for before the program starts.
 *
 * @throws NmpError IMAGE_INPUT if this is no 64-bit little-endian ELF, or names none where it says so
 */
export function neededLibraries(elf: Uint8Array): readonly string[] {
  const segments = segmentsOf(elf);
  const dynamic = segments.find(({ type }) => type === SEGMENT.dynamic);
  if (dynamic === undefined) return [];
  const view = new DataView(elf.buffer, elf.byteOffset + dynamic.offset, dynamic.bytes);
  const values = (wanted: bigint): readonly number[] => {
    const found: number[] = [];
    for (let at = 0; at + DYNAMIC.bytes <= dynamic.bytes; at += DYNAMIC.bytes) {
      if (view.getBigUint64(at, true) === wanted) {
        found.push(Number(view.getBigUint64(at + 8, true)));
      }
    }
    return found;
  };
  // Its names lie at an address; the segment that is loaded there says where in the file that is.
  const [address = -1] = values(DYNAMIC.strings);
  const loaded = segments.find(
    (segment) =>
      segment.type === SEGMENT.load &&
      address >= segment.address &&
      address < segment.address + segment.bytes,
  );
  return values(DYNAMIC.needed).map((name) => {
    const start = loaded && loaded.offset + (address - loaded.address) + name;
    const end = start === undefined ? -1 : elf.indexOf(0, start);
    if (start === undefined || end <= start) throw malformed('An ELF names no library.');
    return Buffer.from(elf.subarray(start, end)).toString('latin1');
  });
}
