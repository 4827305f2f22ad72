/**
 * Decodes the sections of one core module (specification 2.0, section 5.5), code bodies excepted:
 * those are walked by `walk-code.ts`. Grammar only; types are the validity authority's business.
 */
import type { ExternKind, Limits, ModuleInfo } from './module-info.ts';
import { Reader, Stop } from './reader.ts';

const TAG_SECTION = 13;
const LETTERS: Readonly<Record<number, string>> = {
  127: 'i',
  126: 'I',
  125: 'f',
  124: 'F',
  123: 'v',
  112: 'r',
  111: 'e',
};
const KINDS: readonly ExternKind[] = ['func', 'table', 'memory', 'global'];
/** A 32-bit memory or table; larger figures saturate to it when limits are compared. */
const SATURATED = Number.MAX_SAFE_INTEGER;

/** First byte of a type of the GC, function-references, exceptions or stack-switching proposals. */
export function isProposalType(byte: number): boolean {
  return byte >= 0x60 ? byte <= 0x78 : byte >= 0x4d && byte <= 0x5f;
}

function valueType(reader: Reader, info: ModuleInfo): string {
  const byte = reader.u8();
  const letter = LETTERS[byte];
  if (letter === undefined) {
    reader.pos--;
    return reader.fail(isProposalType(byte) ? 'FEATURE' : 'MALFORMED');
  }
  if (letter === 'v') info.feature = true;
  return letter;
}

function referenceType(reader: Reader): void {
  const byte = reader.u8();
  if (byte === 0x70 || byte === 0x6f) return;
  reader.pos--;
  reader.fail(isProposalType(byte) ? 'FEATURE' : 'MALFORMED');
}

/** Bit 0: maximum present, 1: shared, 2: 64-bit, 3: custom page size. */
function limits(reader: Reader, info: ModuleInfo): Limits {
  const flags = reader.u8();
  if (flags > 15) reader.fail();
  if (flags > 1) info.feature = true;
  const read = () => ((flags & 4) !== 0 ? Math.min(reader.u64(), SATURATED) : reader.u32());
  const min = read();
  const max = (flags & 1) !== 0 ? read() : undefined;
  if ((flags & 8) !== 0) reader.u32();
  return { min, max };
}

function table(reader: Reader, info: ModuleInfo): void {
  referenceType(reader);
  info.tables.push(limits(reader, info));
}

function globalType(reader: Reader, info: ModuleInfo): void {
  valueType(reader, info);
  const mutable = reader.u8();
  if (mutable > 1) reader.fail(mutable < 4 ? 'FEATURE' : 'MALFORMED');
  info.globals++;
}

/** Value of a lone i32.const (unsigned), undefined for any other constant expression. */
function constantExpression(reader: Reader, info: ModuleInfo, taken: boolean): number | undefined {
  let value: number | undefined;
  for (let length = 0; ; length++) {
    const opcode = reader.u8();
    switch (opcode) {
      case 0x0b:
        return length === 1 ? value : undefined;
      case 0x41:
        value = reader.signed(32) >>> 0;
        break;
      case 0x42:
        value = undefined;
        reader.skipS64();
        break;
      case 0x43:
        reader.skip(4);
        break;
      case 0x44:
        reader.skip(8);
        break;
      case 0x23:
        value = undefined;
        reader.u32();
        break;
      case 0xd0:
        referenceType(reader);
        break;
      case 0xd2: {
        const index = reader.u32();
        if (taken) info.addressTaken.add(index);
        break;
      }
      case 0x6a:
      case 0x6b:
      case 0x6c:
      case 0x7c:
      case 0x7d:
      case 0x7e:
        // Extended constant expressions.
        info.feature = true;
        break;
      case 0xfb:
      case 0xfd:
        return reader.fail('FEATURE');
      default:
        // Some instruction that a constant expression may not hold.
        return reader.fail('INVALID');
    }
  }
}

function typeSection(reader: Reader, info: ModuleInfo, count: number): void {
  for (let index = 0; index < count; index++) {
    const form = reader.u8();
    if (form !== 0x60) reader.fail(form >= 0x4d && form <= 0x5f ? 'FEATURE' : 'MALFORMED');
    let signature = '';
    const params = reader.count(1);
    for (let at = 0; at < params; at++) signature += valueType(reader, info);
    signature += ':';
    const results = reader.count(1);
    for (let at = 0; at < results; at++) signature += valueType(reader, info);
    let group = info.typeGroups.get(signature);
    if (group === undefined) {
      group = info.typeGroups.size;
      info.typeGroups.set(signature, group);
    }
    info.types.push({ params, results, signature, group });
  }
}

function importSection(reader: Reader, info: ModuleInfo, count: number): void {
  for (let index = 0; index < count; index++) {
    const module = reader.name();
    const name = reader.name();
    const code = reader.u8();
    const kind = KINDS[code];
    if (kind === undefined) {
      // 4 is a tag of the exceptions proposal; 0x7f and 0x7e compact imports.
      reader.fail(code === 4 || code >= 0x7e ? 'FEATURE' : 'MALFORMED');
    }
    let type = -1;
    if (kind === 'func') {
      type = reader.u32();
      info.functions.push(type);
      info.importedFunctions++;
    } else if (kind === 'table') {
      table(reader, info);
      info.importedTables++;
    } else if (kind === 'memory') info.memories.push(limits(reader, info));
    else globalType(reader, info);
    info.imports.push({ module, name, kind, type });
  }
}

function exportSection(reader: Reader, info: ModuleInfo, count: number): void {
  for (let index = 0; index < count; index++) {
    const name = reader.name();
    const code = reader.u8();
    const kind = KINDS[code];
    if (kind === undefined) reader.fail(code === 4 ? 'FEATURE' : 'MALFORMED');
    info.exports.set(name, { kind, index: reader.u32() });
  }
}

function elementSection(reader: Reader, info: ModuleInfo, count: number): void {
  for (let index = 0; index < count; index++) {
    const flags = reader.u32();
    if (flags > 7) reader.fail();
    const active = (flags & 1) === 0;
    const declarative = (flags & 3) === 3;
    const target = active && (flags & 2) !== 0 ? reader.u32() : 0;
    const offset = active ? constantExpression(reader, info, true) : undefined;
    const expressions = (flags & 4) !== 0;
    if ((flags & 3) !== 0) {
      if (expressions) referenceType(reader);
      else if (reader.u8() !== 0) reader.fail();
    }
    const length = reader.count(1);
    for (let at = 0; at < length; at++) {
      if (expressions) constantExpression(reader, info, !declarative);
      else {
        const target = reader.u32();
        if (!declarative) info.addressTaken.add(target);
      }
    }
    if (active) info.elements.push({ target, offset, length });
    info.elementSegments++;
    info.elementItems += length;
  }
}

function dataSection(reader: Reader, info: ModuleInfo, count: number): void {
  for (let index = 0; index < count; index++) {
    const flags = reader.u32();
    if (flags > 2) reader.fail();
    const target = flags === 2 ? reader.u32() : 0;
    const offset = flags !== 1 ? constantExpression(reader, info, true) : undefined;
    const length = reader.u32();
    const start = reader.pos;
    reader.skip(length);
    info.dataRanges.push({ start, end: reader.pos });
    if (flags !== 1) info.data.push({ target, offset, length });
  }
}

function codeSection(reader: Reader, info: ModuleInfo, count: number): void {
  if (count !== info.functions.length - info.importedFunctions) reader.fail();
  for (let index = 0; index < count; index++) {
    const length = reader.u32();
    const start = reader.pos;
    reader.skip(length);
    info.bodies.push(start, reader.pos);
  }
}

function section(reader: Reader, info: ModuleInfo, id: number, count: number): void {
  switch (id) {
    case 1:
      typeSection(reader, info, count);
      return;
    case 2:
      importSection(reader, info, count);
      return;
    case 3:
      for (let index = 0; index < count; index++) info.functions.push(reader.u32());
      return;
    case 4:
      for (let index = 0; index < count; index++) {
        // 0x40 0x00 announces a table with an initial value (function references).
        if (reader.bytes[reader.pos] === 0x40) reader.fail('FEATURE');
        table(reader, info);
      }
      return;
    case 5:
      for (let index = 0; index < count; index++) info.memories.push(limits(reader, info));
      return;
    case 6:
      for (let index = 0; index < count; index++) {
        globalType(reader, info);
        constantExpression(reader, info, true);
      }
      return;
    case 7:
      exportSection(reader, info, count);
      return;
    case 9:
      elementSection(reader, info, count);
      return;
    case 10:
      codeSection(reader, info, count);
      return;
    case 11:
      if (info.dataCount !== undefined && info.dataCount !== count) reader.fail();
      dataSection(reader, info, count);
      return;
  }
}

/** Least bytes an item of each section takes, so that a count cannot make us allocate for nothing. */
const ITEM_BYTES = [0, 1, 4, 1, 3, 2, 3, 3, 0, 3, 1, 2, 0, 1];

/**
 * Decodes bytes [start, end) into `info`, at nesting `depth` of embedded modules.
 * @throws Stop at the first break of the grammar or proposal that decoding cannot pass
 */
export function decodeModule(
  bytes: Uint8Array,
  info: ModuleInfo,
  start: number,
  end: number,
  depth: number,
): void {
  const reader = new Reader(bytes, start, end);
  // "\0asm" and version 1; a component has layer 1 in the upper half of the version.
  for (const expected of [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]) {
    if (reader.u8() !== expected) reader.fail();
  }
  let last = 0;
  let dataSeen = false;
  let codeSeen = false;
  while (reader.pos < end) {
    const id = reader.u8();
    if (id > TAG_SECTION) reader.fail();
    const size = reader.u32();
    if (size > end - reader.pos) reader.fail();
    const content = reader.pos;
    const contentEnd = content + size;
    reader.end = contentEnd;
    if (id === 0) {
      const name = reader.name();
      info.customs.push({ name, start: reader.pos, end: contentEnd, size });
      info.sections.push(depth, 0, content, contentEnd, 0);
      reader.pos = contentEnd;
    } else {
      const order = rank(id);
      if (order <= last) reader.fail();
      last = order;
      if (id === TAG_SECTION) throw new Stop('FEATURE', content);
      if (id === 8) {
        info.start = reader.u32();
        info.sections.push(depth, id, content, contentEnd, 1);
      } else if (id === 12) {
        info.dataCount = reader.u32();
        info.sections.push(depth, id, content, contentEnd, info.dataCount);
      } else {
        const count = reader.count(ITEM_BYTES[id] as number);
        info.sections.push(depth, id, content, contentEnd, count);
        section(reader, info, id, count);
        if (id === 10) codeSeen = true;
        if (id === 11) dataSeen = true;
      }
      if (reader.pos !== contentEnd) reader.fail();
    }
    reader.end = end;
  }
  if (!codeSeen && info.functions.length !== info.importedFunctions) reader.fail();
  if (!dataSeen && info.dataCount !== undefined && info.dataCount !== 0) reader.fail();
}

/** Place of a section in the prescribed order: tags after memories, data count before code. */
function rank(id: number): number {
  switch (id) {
    case TAG_SECTION:
      return 6;
    case 12:
      return 11;
    case 10:
      return 12;
    case 11:
      return 13;
    default:
      return id <= 5 ? id : id + 1;
  }
}
