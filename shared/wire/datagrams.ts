/**
 * UDP datagrams on a stream between the parent and the enclave, one stream a flow (a remote address
 * and port): the opener, then frames of a length (u16 big-endian) and so many bytes, both ways. Who
 * the flow is from is not told; QUIC needs nothing of it, and nobody in the enclave could check it.
 */
import { concat, equalBytes, utf8 } from '../bytes.ts';
import { NmpError } from '../errors.ts';

/** `NMPQ` and a version. */
export const DATAGRAM_OPENER = concat(utf8('NMPQ'), Uint8Array.of(1));
/** What a path of Ethernet's MTU carries at most; longer ones are dropped, as on any path. */
export const DATAGRAM_BYTES_MAX = 1_500;
const LENGTH_BYTES = 2;

/** Flows at once; beyond it nobody new is heard until an old one falls silent. */
export const FLOWS_MAX = 1_024;
/** A flow without a datagram in either direction is over after this long. QUIC asks each 5 s. */
export const FLOW_IDLE_MS = 30_000;
/** Under way in one direction of a flow, bytes: what comes beyond is dropped, as a full path does. */
export const FLOW_QUEUE_BYTES_MAX = 256 * 1024;

/** @throws NmpError FRAME_SIZE for an empty datagram or one that is too long */
export function encodeDatagram(datagram: Uint8Array): Uint8Array {
  const { length } = datagram;
  if (length === 0 || length > DATAGRAM_BYTES_MAX) throw new NmpError('FRAME_SIZE');
  const frame = new Uint8Array(LENGTH_BYTES + length);
  frame[0] = length >> 8;
  frame[1] = length & 0xff;
  frame.set(datagram, LENGTH_BYTES);
  return frame;
}

/** Takes a stream apart again; holds less than one frame between two parts. */
export class DatagramReader {
  #rest = new Uint8Array(0);
  #opener: Uint8Array;

  /** @param opened false where the other side begins with the opener */
  constructor(opened: boolean) {
    this.#opener = opened ? new Uint8Array(0) : DATAGRAM_OPENER;
  }

  /**
   * @returns the datagrams that are whole with `part`
   * @throws NmpError FRAME_MALFORMED for another opener, FRAME_SIZE for a length of 0 or above the limit
   */
  push(part: Uint8Array): Uint8Array[] {
    const due = this.#opener.subarray(0, part.length);
    if (!equalBytes(part.subarray(0, due.length), due)) throw new NmpError('FRAME_MALFORMED');
    this.#opener = this.#opener.subarray(due.length);
    const fresh = part.subarray(due.length);
    const bytes = this.#rest.length === 0 ? fresh : concat(this.#rest, fresh);
    const datagrams: Uint8Array[] = [];
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (bytes.length - at >= LENGTH_BYTES) {
      const length = view.getUint16(at);
      if (length === 0 || length > DATAGRAM_BYTES_MAX) throw new NmpError('FRAME_SIZE');
      const end = at + LENGTH_BYTES + length;
      if (end > bytes.length) break;
      datagrams.push(bytes.subarray(at + LENGTH_BYTES, end));
      at = end;
    }
    this.#rest = bytes.slice(at);
    return datagrams;
  }
}
