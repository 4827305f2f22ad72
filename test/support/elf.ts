/** Programs of a few hundred bytes, in the form that the image builder reads. */

/** Of the ELF header, of one program header, and of one entry of the dynamic section, bytes. */
const [HEADER, PROGRAM_HEADER, ENTRY] = [64, 56, 16];

function headers(bytes: Uint8Array, count: number): DataView {
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1], 0);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(32, BigInt(HEADER), true);
  view.setUint16(54, PROGRAM_HEADER, true);
  view.setUint16(56, count, true);
  return view;
}

/** One program header over the first 200 bytes, then what only debuggers read. */
export function plainElf(change: (view: DataView) => void = () => undefined): Uint8Array {
  const bytes = new Uint8Array(400).fill(0xee);
  const view = headers(bytes, 1);
  view.setBigUint64(40, 300n, true);
  view.setBigUint64(HEADER + 8, 0n, true);
  view.setBigUint64(HEADER + 32, 200n, true);
  change(view);
  return bytes;
}

/**
 * A program that needs shared libraries: a segment that holds all of it, and a dynamic section at byte
 * 176 (the table of names first, then each library). Names lie behind it; addresses are offsets and 4096.
 */
export function linkedElf(libraries: readonly string[]): Uint8Array {
  const dynamic = HEADER + 2 * PROGRAM_HEADER;
  const entries = 2 + libraries.length;
  const names = Buffer.from(`\0${libraries.join('\0')}\0`);
  const strings = dynamic + entries * ENTRY;
  const bytes = new Uint8Array(strings + names.length);
  bytes.set(names, strings);
  const view = headers(bytes, 2);
  const segment = (index: number, type: number, offset: number, length: number) => {
    const at = HEADER + index * PROGRAM_HEADER;
    view.setUint32(at, type, true);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 16, BigInt(offset + 4096), true);
    view.setBigUint64(at + 32, BigInt(length), true);
  };
  segment(0, 1, 0, bytes.length);
  segment(1, 2, dynamic, entries * ENTRY);
  let next = 0;
  const entry = (tag: bigint, value: number) => {
    const at = dynamic + next++ * ENTRY;
    view.setBigUint64(at, tag, true);
    view.setBigUint64(at + 8, BigInt(value), true);
  };
  entry(5n, strings + 4096);
  for (const name of libraries) entry(1n, names.indexOf(`\0${name}\0`) + 1);
  entry(0n, 0);
  return bytes;
}
