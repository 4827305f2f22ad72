/** Messages of multistream-select 1.0: unsigned varint length, text, newline. */
import { concat, utf8 } from '../bytes.ts';

export const MULTISTREAM = '/multistream/1.0.0';

/** @param text a protocol id of at most 126 characters, so that its length takes one byte */
export function multistreamMessage(text: string): Uint8Array {
  const line = utf8(`${text}\n`);
  if (line.length > 127) throw new RangeError('protocol id too long');
  return concat(Uint8Array.of(line.length), line);
}
