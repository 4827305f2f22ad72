/** Documents and roots as people keep them: raw, base64, hex, PEM. */
import { NmpError } from '../../shared/errors.ts';
import { readBounded } from './files.ts';

const DOCUMENT_TEXT_BYTES_MAX = 64 * 1024;

/** Bytes that are text in base64, base64url or hex become what they encode; others stay. */
function decodeText(bytes: Uint8Array): Uint8Array {
  // A document starts with 0x84 or 0xd2, which no text in these alphabets does.
  if (bytes.some((byte) => byte > 0x7f)) return bytes;
  const text = new TextDecoder().decode(bytes).replaceAll(/\s+/g, '');
  if (/^([0-9a-fA-F]{2})+$/.test(text)) return Uint8Array.from(Buffer.from(text, 'hex'));
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return Uint8Array.from(Buffer.from(text, 'base64'));
  if (/^[A-Za-z0-9_-]+$/.test(text)) return Uint8Array.from(Buffer.from(text, 'base64url'));
  return bytes;
}

/** @throws NmpError USAGE if the file cannot be read */
export async function readDocument(file: string): Promise<Uint8Array> {
  return decodeText(await readBounded(file, DOCUMENT_TEXT_BYTES_MAX));
}

/** DER of the one certificate in a PEM or DER file. @throws NmpError USAGE */
export async function readRoot(file: string): Promise<Uint8Array> {
  const bytes = await readBounded(file, DOCUMENT_TEXT_BYTES_MAX);
  if (bytes[0] === 0x30) return bytes;
  const text = new TextDecoder().decode(bytes);
  const blocks = [
    ...text.matchAll(/-----BEGIN CERTIFICATE-----([\s\S]*?)-----END CERTIFICATE-----/g),
  ];
  const [block] = blocks;
  if (blocks.length !== 1 || block?.[1] === undefined) {
    throw new NmpError('USAGE', `${file}: not one certificate in PEM or DER`);
  }
  return Uint8Array.from(Buffer.from(block[1], 'base64'));
}
