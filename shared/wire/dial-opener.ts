/**
 * The first bytes of an outbound stream from the enclave to the parent's dial proxy: version (1),
 * then family 4 or 6 and an address of 4 or 16 bytes, or family 0, a length (1–253) and a host name;
 * then a port (u16 big-endian). The proxy answers one byte, see `DIALLED`, and from then on only
 * copies. A name is for a service that proves itself by TLS inside, since the parent resolves it.
 */
import { concat, utf8 } from '../bytes.ts';
import { NmpError } from '../errors.ts';

const VERSION = 1;
const FAMILY = { name: 0, ip4: 4, ip6: 6 } as const;
const NAME_BYTES_MAX = 253;
export const DIAL_OPENER_BYTES_MAX = 3 + NAME_BYTES_MAX + 2;

/** The proxy's answer. */
export const DIALLED = { open: 0, refused: 1, unreachable: 2 } as const;

export interface DialAddress {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly port: number;
}

export interface DialName {
  /** Lower-case host name (RFC 1123, section 2.1), at most 253 characters. */
  readonly name: string;
  readonly port: number;
}

export type DialTarget = DialAddress | DialName;

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
/** The last label is no number, decimal or hexadecimal: such a name would be read as an address. */
const HOST_NAME = new RegExp(`^(?:${LABEL}\\.)*(?![0-9]+$|0x[0-9a-f]*$)${LABEL}$`);

function isHostName(name: string): boolean {
  return name.length <= NAME_BYTES_MAX && HOST_NAME.test(name);
}

/** @throws NmpError FRAME_MALFORMED for what is no address, name or port */
export function encodeDialOpener(target: DialTarget): Uint8Array {
  const { port } = target;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new NmpError('FRAME_MALFORMED');
  const tail = Uint8Array.of(port >> 8, port & 0xff);
  if ('name' in target) {
    if (!isHostName(target.name)) throw new NmpError('FRAME_MALFORMED');
    const head = Uint8Array.of(VERSION, FAMILY.name, target.name.length);
    return concat(head, utf8(target.name), tail);
  }
  const { address } = target;
  if (address.length !== 4 && address.length !== 16) throw new NmpError('FRAME_MALFORMED');
  const family = address.length === 4 ? FAMILY.ip4 : FAMILY.ip6;
  return concat(Uint8Array.of(VERSION, family), address, tail);
}

interface Opened {
  readonly target: DialTarget;
  readonly length: number;
}

function decodeName(bytes: Uint8Array): Opened | undefined {
  const size = bytes[2];
  if (size === undefined) return undefined;
  if (size === 0 || size > NAME_BYTES_MAX) throw new NmpError('FRAME_MALFORMED');
  const end = 3 + size;
  if (bytes.length < end + 2) return undefined;
  const name = String.fromCharCode(...bytes.subarray(3, end));
  if (!isHostName(name)) throw new NmpError('FRAME_MALFORMED');
  return { target: { name, port: portAt(bytes, end) }, length: end + 2 };
}

function portAt(bytes: Uint8Array, at: number): number {
  const port = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint16(at);
  if (port === 0) throw new NmpError('FRAME_MALFORMED');
  return port;
}

/**
 * @returns the target and the length of the opener, or undefined while bytes are missing
 * @throws NmpError FRAME_MALFORMED
 */
export function decodeDialOpener(bytes: Uint8Array): Opened | undefined {
  const [version, family] = bytes;
  if (version !== undefined && version !== VERSION) throw new NmpError('FRAME_MALFORMED');
  if (family === undefined) return undefined;
  if (family === FAMILY.name) return decodeName(bytes);
  if (family !== FAMILY.ip4 && family !== FAMILY.ip6) throw new NmpError('FRAME_MALFORMED');
  const end = family === FAMILY.ip4 ? 6 : 18;
  if (bytes.length < end + 2) return undefined;
  return {
    target: { address: bytes.slice(2, end), port: portAt(bytes, end) },
    length: end + 2,
  };
}
