/**
 * The first bytes of an outbound stream from the enclave to the parent's dial proxy: version (1),
 * family (4 or 6), address (4 or 16 bytes), port (u16 big-endian). The proxy answers one byte, see
 * `DIALLED`, and from then on only copies. There are no names: what is dialled is pinned inside.
 */
import { concat } from '../bytes.ts';
import { NmpError } from '../errors.ts';

const VERSION = 1;
export const DIAL_OPENER_BYTES_MAX = 20;

/** The proxy's answer. */
export const DIALLED = { open: 0, refused: 1, unreachable: 2 } as const;

export interface DialTarget {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly port: number;
}

export function encodeDialOpener({ address, port }: DialTarget): Uint8Array {
  if ((address.length !== 4 && address.length !== 16) || port < 1 || port > 65_535) {
    throw new NmpError('FRAME_MALFORMED');
  }
  const family = address.length === 4 ? 4 : 6;
  return concat(Uint8Array.of(VERSION, family), address, Uint8Array.of(port >> 8, port & 0xff));
}

/**
 * @returns the target and the length of the opener, or undefined while bytes are missing
 * @throws NmpError FRAME_MALFORMED
 */
export function decodeDialOpener(
  bytes: Uint8Array,
): { readonly target: DialTarget; readonly length: number } | undefined {
  const [version, family] = bytes;
  if (version !== undefined && version !== VERSION) throw new NmpError('FRAME_MALFORMED');
  if (family === undefined) return undefined;
  if (family !== 4 && family !== 6) throw new NmpError('FRAME_MALFORMED');
  const end = family === 4 ? 6 : 18;
  if (bytes.length < end + 2) return undefined;
  const port = (bytes[end] ?? 0) * 256 + (bytes[end + 1] ?? 0);
  if (port === 0) throw new NmpError('FRAME_MALFORMED');
  return { target: { address: bytes.slice(2, end), port }, length: end + 2 };
}
