/**
 * Guesses about data and custom sections. They flag, and no policy can make them refuse: each can
 * be evaded by whoever knows it, and each meets harmless modules (compressed tables, Go's
 * symbols). Everything here is linear in the bytes.
 */
import type { Findings } from './codes.ts';
import type { ModuleInfo, Range } from './module-info.ts';

/** Bytes over which entropy is taken. */
const WINDOW = 1024;
/** Bits a byte; 1,024 random bytes have about 7.81, English text 4.2, machine code 6. */
const HIGH_ENTROPY_BITS = 7.5;
/** c * log2(c) for each possible count of a byte in a window. */
const WEIGHT = Float64Array.from({ length: WINDOW + 1 }, (_, count) =>
  count === 0 ? 0 : count * Math.log2(count),
);

/** Windows of random-looking bytes in `range`; the last, shorter one is not counted. */
function highEntropyWindows(bytes: Uint8Array, range: Range): number {
  const counts = new Uint16Array(256);
  let found = 0;
  for (let at = range.start; at + WINDOW <= range.end; at += WINDOW) {
    counts.fill(0);
    let distinct = 0;
    for (let index = at; index < at + WINDOW; index++) {
      const byte = bytes[index] as number;
      if (counts[byte] === 0) distinct++;
      counts[byte] = (counts[byte] as number) + 1;
    }
    // At most log2(distinct) bits: ordinary text ends here.
    if (distinct < 182) continue;
    let sum = 0;
    for (let value = 0; value < 256; value++) sum += WEIGHT[counts[value] as number] as number;
    if (Math.log2(WINDOW) - sum / WINDOW >= HIGH_ENTROPY_BITS) found++;
  }
  return found;
}

/** Magic numbers of executables: ELF, WebAssembly, Mach-O (both widths), Java class files. */
const MAGIC = [
  '\x7fELF',
  '\0asm\x01\0\0\0',
  '\0asm\x0d\0\x01\0',
  '\xcf\xfa\xed\xfe',
  '\xce\xfa\xed\xfe',
].map((text) => Buffer.from(text, 'latin1'));
const PE_STUB = Buffer.from('MZ', 'latin1');
const PE_HEADER = Buffer.from('PE\0\0', 'latin1');
const POOL_PROTOCOLS = ['stratum+tcp', 'stratum+ssl', 'mining.subscribe', 'mining.submit'].map(
  (text) => Buffer.from(text, 'latin1'),
);

function holds(view: Buffer, needles: readonly Buffer[]): boolean {
  return needles.some((needle) => view.indexOf(needle) >= 0);
}

/** A DOS stub whose e_lfanew (offset 60) points at a PE header. */
function holdsPortableExecutable(view: Buffer): boolean {
  // A PE header decides; without one the many "MZ" that text holds need no look.
  if (view.indexOf(PE_HEADER) < 0) return false;
  for (let at = view.indexOf(PE_STUB); at >= 0; at = view.indexOf(PE_STUB, at + 1)) {
    if (at + 64 > view.length) return false;
    const header = at + view.readUInt32LE(at + 60);
    if (header + 4 <= view.length && view.readUInt32LE(header) === 0x0000_4550) return true;
  }
  return false;
}

export interface HeuristicFacts {
  readonly highEntropyWindows: number;
  readonly dataBytes: number;
}

export function inspectData(
  bytes: Uint8Array,
  info: ModuleInfo,
  findings: Findings,
): HeuristicFacts {
  let windows = 0;
  let dataBytes = 0;
  const look = (range: Range, data: boolean) => {
    const found = highEntropyWindows(bytes, range);
    windows += found;
    if (found > 0) {
      findings.flags.add('ENTROPY');
      if (data) findings.flags.add('HIGH_ENTROPY_DATA');
    }
    const view = Buffer.from(bytes.buffer, bytes.byteOffset + range.start, range.end - range.start);
    if (holds(view, MAGIC) || holdsPortableExecutable(view))
      findings.flags.add('EMBEDDED_EXECUTABLE');
    if (holds(view, POOL_PROTOCOLS)) findings.flags.add('MINING_HEURISTIC');
  };
  for (const range of info.dataRanges) {
    dataBytes += range.end - range.start;
    look(range, true);
  }
  for (const section of info.customs) look(section, false);
  return { highEntropyWindows: windows, dataBytes };
}
