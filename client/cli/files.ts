/** Reading files that a user names: bounded, and with the file in the message. */
import { readFile, stat } from 'node:fs/promises';
import { NmpError } from '../../shared/errors.ts';

/** @throws NmpError USAGE if the file cannot be read or is longer than `maxBytes` */
export async function readBounded(file: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    if (size <= maxBytes) return Uint8Array.from(await readFile(file));
  } catch (cause) {
    throw new NmpError('USAGE', `${file}: cannot be read`, { cause });
  }
  throw new NmpError('USAGE', `${file}: longer than ${maxBytes} bytes`);
}

const TEXT_BYTES_MAX = 1024 * 1024;

/** @throws NmpError USAGE */
export async function readText(file: string): Promise<string> {
  return new TextDecoder().decode(await readBounded(file, TEXT_BYTES_MAX));
}

/** @throws NmpError USAGE if the file does not hold JSON */
export async function readJson(file: string): Promise<unknown> {
  const text = await readText(file);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NmpError('USAGE', `${file}: not JSON`, { cause });
  }
}
