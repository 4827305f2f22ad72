/** Frames between the node and a sandbox process; native/sandbox/src/protocol.rs is the other end. */
import type { ByteRange, GuestAbi, Outcome, RunLimits } from './engine.ts';

const KIND = { prepare: 1, run: 2, cancel: 3 } as const;
/** id, outcome, fuel, peak memory, number of ranges read. */
const RESPONSE_HEAD_BYTES = 25;
/** `READS_MAX` in files.rs. */
const READS_MAX = 1024;
/** Longest answer: an output of 1 MiB with room to spare. */
const RESPONSE_BYTES_MAX = 16 * 1024 * 1024;

/** Bits of `capability` in protocol.rs. */
const CAPABILITY_BITS: Readonly<Record<string, number>> = {
  clock: 1,
  random: 2,
  env: 4,
  args: 8,
  fs: 16,
  poll: 32,
  fd: 64,
};

/** Names a compiled module inside a process. */
export interface ModuleKey {
  /** SHA-256 of the module, 32 bytes. */
  readonly hash: Uint8Array;
  readonly abi: GuestAbi;
  readonly capabilities: number;
}

/** Wire numbers of `Outcome` in protocol.rs, by index. */
const OUTCOMES = [
  'ok',
  'trap',
  'out-of-fuel',
  'out-of-memory',
  'deadline',
  'abi-violation',
  'unknown',
  'cancelled',
] as const satisfies readonly (Outcome | 'unknown' | 'cancelled')[];

export interface SandboxResponse {
  readonly id: number;
  readonly outcome: (typeof OUTCOMES)[number];
  readonly fuelUsed: bigint;
  readonly peakMemoryBytes: number;
  readonly reads: readonly ByteRange[];
  readonly payload: Uint8Array;
}

export function capabilityBits(capabilities: readonly string[]): number {
  return capabilities.reduce((bits, name) => bits | (CAPABILITY_BITS[name] ?? 0), 0);
}

/** Wire numbers of `Abi` in protocol.rs. */
const ABI_CODES: Readonly<Record<GuestAbi, number>> = {
  pure: 0,
  'wasi-p1': 1,
  'wasi-p2': 2,
  component: 3,
};

/** A frame with `head` bytes of fields behind length, kind and id, and `body` after them. */
function frame(kind: number, id: number, fields: Uint8Array, body: Uint8Array): Uint8Array[] {
  const head = new Uint8Array(9 + fields.length);
  const view = new DataView(head.buffer);
  view.setUint32(0, 5 + fields.length + body.length, true);
  view.setUint8(4, kind);
  view.setUint32(5, id, true);
  head.set(fields, 9);
  return body.length === 0 ? [head] : [head, body];
}

export function encodePrepare(id: number, key: ModuleKey, module: Uint8Array): Uint8Array[] {
  return frame(KIND.prepare, id, Uint8Array.of(ABI_CODES[key.abi], key.capabilities), module);
}

/** @param peer number of whose run it is; runs with one number share their turns */
export function encodeRun(
  id: number,
  key: ModuleKey,
  peer: number,
  limits: RunLimits,
  input: Uint8Array,
): Uint8Array[] {
  const fields = new Uint8Array(62);
  const view = new DataView(fields.buffer);
  fields.set(key.hash, 0);
  view.setUint8(32, ABI_CODES[key.abi]);
  view.setUint8(33, key.capabilities);
  view.setUint32(34, peer, true);
  view.setBigUint64(38, limits.fuel, true);
  view.setBigUint64(46, BigInt(limits.memoryBytes), true);
  view.setUint32(54, limits.deadlineMs, true);
  view.setUint32(58, limits.outputBytes, true);
  return frame(KIND.run, id, fields, input);
}

export function encodeCancel(id: number): Uint8Array[] {
  return frame(KIND.cancel, id, new Uint8Array(0), new Uint8Array(0));
}

/**
 * Cuts a byte stream into responses. The process runs hostile code: what does not fit the layout
 * makes `push` throw, and the caller ends the process.
 */
export class ResponseDecoder {
  #chunks: Uint8Array[] = [];
  #length = 0;

  /** @throws RangeError for a frame that is not one of ours */
  push(chunk: Uint8Array): SandboxResponse[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const responses: SandboxResponse[] = [];
    for (;;) {
      if (this.#length < 4) return responses;
      const bytes = this.#joined();
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const length = view.getUint32(0, true);
      if (length < RESPONSE_HEAD_BYTES || length > RESPONSE_BYTES_MAX) {
        throw new RangeError('sandbox frame out of range');
      }
      if (bytes.length < 4 + length) return responses;
      const outcome = OUTCOMES[view.getUint8(8)];
      if (outcome === undefined) throw new RangeError('unknown sandbox outcome');
      const ranges = view.getUint32(25, true);
      const payloadAt = 4 + RESPONSE_HEAD_BYTES + 8 * ranges;
      if (ranges > READS_MAX || payloadAt > 4 + length) throw new RangeError('sandbox reads');
      responses.push({
        id: view.getUint32(4, true),
        outcome,
        fuelUsed: view.getBigUint64(9, true),
        peakMemoryBytes: Number(view.getBigUint64(17, true)),
        reads: Array.from({ length: ranges }, (_, i) => ({
          start: view.getUint32(29 + 8 * i, true),
          end: view.getUint32(33 + 8 * i, true),
        })),
        payload: bytes.slice(payloadAt, 4 + length),
      });
      const rest = bytes.subarray(4 + length);
      this.#chunks = rest.length === 0 ? [] : [rest];
      this.#length = rest.length;
    }
  }

  #joined(): Uint8Array {
    const [first] = this.#chunks;
    if (this.#chunks.length === 1 && first !== undefined) return first;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}
