/** Whether a module's name section can be believed: names are what humans and tools read. */
import type { ModuleInfo } from './module-info.ts';
import { Reader, Stop } from './reader.ts';
import { PREVIEW1_FUNCTIONS } from './wasi.ts';

/**
 * True if the name section is malformed, names functions that do not exist, names one twice or out
 * of order, stands twice, or calls a function by the name of a host function that it is not.
 */
export function nameSectionLies(bytes: Uint8Array, info: ModuleInfo): boolean {
  const sections = info.customs.filter((section) => section.name === 'name');
  const [section] = sections;
  if (section === undefined) return false;
  if (sections.length > 1) return true;
  const imported = info.imports.filter((item) => item.kind === 'func');
  const reader = new Reader(bytes, section.start, section.end);
  try {
    let last = -1;
    while (reader.pos < section.end) {
      const id = reader.u8();
      const size = reader.u32();
      const end = reader.pos + size;
      if (end > section.end || id <= last) return true;
      last = id;
      if (id !== 1) {
        reader.pos = end;
        continue;
      }
      reader.end = end;
      let before = -1;
      for (let count = reader.count(2); count > 0; count--) {
        const index = reader.u32();
        const name = reader.name();
        if (index <= before || index >= info.functions.length) return true;
        before = index;
        if (PREVIEW1_FUNCTIONS.has(name) && imported[index]?.name !== name) return true;
      }
      if (reader.pos !== end) return true;
      reader.end = section.end;
    }
    return false;
  } catch (error) {
    if (error instanceof Stop) return true;
    throw error;
  }
}
