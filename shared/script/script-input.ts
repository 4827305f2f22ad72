/** What the engine of plain-text logic receives: the text and the guest input. docs/protocol.md, Script input. */

/** `NMPJ`, as a little-endian u32. */
const MAGIC = 0x4a_50_4d_4e;
const VERSION = 1;
const HEADER_BYTES = 16;

/** @param input as `encodeGuestInput` makes it; empty to have the text checked only */
export function encodeScriptInput(text: Uint8Array, input: Uint8Array): Uint8Array {
  // At least one zero ends the text.
  const padded = (text.length + 8) & ~7;
  const out = new Uint8Array(HEADER_BYTES + padded + input.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, text.length, true);
  out.set(text, HEADER_BYTES);
  out.set(input, HEADER_BYTES + padded);
  return out;
}
