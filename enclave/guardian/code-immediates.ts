/** Immediates of instructions that need more than a number read. */
import { isProposalType } from './decode-module.ts';
import type { FunctionType, ModuleInfo } from './module-info.ts';
import type { Reader } from './reader.ts';

/** Block types without an index; their signature is never asked for. */
const NO_RESULT: FunctionType = { params: 0, results: 0, signature: ':', group: -1 };
const ONE_RESULT: FunctionType = { params: 0, results: 1, signature: ':i', group: -1 };

/** What the immediates can tell about a body. */
interface Marks {
  feature: boolean;
  maxLocals: number;
}

/** A number, vector (marked as a feature) or reference type. */
export function readValueType(reader: Reader, marks: Pick<Marks, 'feature'>): void {
  const byte = reader.u8();
  if ((byte >= 0x7c && byte <= 0x7f) || byte === 0x70 || byte === 0x6f) return;
  if (byte === 0x7b) marks.feature = true;
  else {
    reader.pos--;
    reader.fail(isProposalType(byte) ? 'FEATURE' : 'MALFORMED');
  }
}

export function readReferenceType(reader: Reader): void {
  const byte = reader.u8();
  if (byte === 0x70 || byte === 0x6f) return;
  reader.pos--;
  reader.fail(isProposalType(byte) ? 'FEATURE' : 'MALFORMED');
}

/** Declared locals of a body, read in groups; nothing is stored, so no count can hurt. */
export function readLocals(reader: Reader, marks: Marks): number {
  let total = 0;
  for (let groups = reader.count(2); groups > 0; groups--) {
    total += reader.u32();
    if (total > 0xffff_ffff) reader.fail();
    readValueType(reader, marks);
  }
  if (total > marks.maxLocals) marks.maxLocals = total;
  return total;
}

/** Empty, one value type, or a type index as a positive 33-bit integer. */
export function readBlockType(reader: Reader, info: ModuleInfo, marks: Marks): FunctionType {
  const byte = reader.u8();
  if (byte === 0x40) return NO_RESULT;
  reader.pos--;
  if (byte > 0x40 && byte < 0x80) {
    readValueType(reader, marks);
    return ONE_RESULT;
  }
  const index = reader.signed(33);
  if (index < 0) reader.fail();
  return info.types[index] ?? reader.fail('INVALID');
}

/** Immediates of the 0xfc instructions from memory.init on; returns the change of the stack. */
export function readBulk(reader: Reader, info: ModuleInfo, sub: number): number {
  switch (sub) {
    case 8:
    case 9:
      // Needs the data count section, so that one pass can check the index.
      if (info.dataCount === undefined) reader.fail();
      if (reader.u32() >= info.dataCount) reader.fail('INVALID');
      if (sub === 8 && reader.u8() !== 0) reader.fail('FEATURE');
      return sub === 8 ? -3 : 0;
    case 10:
      if (reader.u8() !== 0 || reader.u8() !== 0) reader.fail('FEATURE');
      return -3;
    case 11:
      if (reader.u8() !== 0) reader.fail('FEATURE');
      return -3;
    case 12:
      if (reader.u32() >= info.elementSegments) reader.fail('INVALID');
      if (reader.u32() >= info.tables.length) reader.fail('INVALID');
      return -3;
    case 13:
      if (reader.u32() >= info.elementSegments) reader.fail('INVALID');
      return 0;
    case 14:
      if (reader.u32() >= info.tables.length) reader.fail('INVALID');
      if (reader.u32() >= info.tables.length) reader.fail('INVALID');
      return -3;
    case 15:
    case 16:
    case 17:
      if (reader.u32() >= info.tables.length) reader.fail('INVALID');
      return sub === 15 ? -1 : sub === 16 ? 1 : -3;
    default:
      // memory.discard and wide arithmetic.
      return reader.fail(sub <= 22 ? 'FEATURE' : 'MALFORMED');
  }
}
