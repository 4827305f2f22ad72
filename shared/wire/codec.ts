/**
 * Strict decoding of the protobuf messages. Bytes come from an attacker: a message is accepted only
 * if it is exactly what our encoder would write, which refuses unknown and repeated fields, other
 * orders, explicit defaults and overlong integers at once.
 */
import { equalBytes } from '../bytes.ts';
import { NmpError } from '../errors.ts';
import { IntentRequest, IntentResponse, LogicRequest, LogicResponse } from './nmp.pb.js';

export { Refusal } from './nmp.pb.js';
export { IntentRequest, IntentResponse, LogicRequest, LogicResponse };

interface Codec<T> {
  encode(value: Partial<T>): Uint8Array;
  decode(bytes: Uint8Array, options?: { limits?: object }): T;
}

/** Most entries of any repeated or map field. */
const ENTRIES_MAX = 64;

function decodeStrict<T>(codec: Codec<T>, limits: object, bytes: Uint8Array, maxBytes: number): T {
  if (bytes.length > maxBytes) throw new NmpError('FRAME_SIZE');
  try {
    const value = codec.decode(bytes, { limits });
    if (equalBytes(codec.encode(value as Partial<T>), bytes)) return value;
  } catch (cause) {
    throw new NmpError('FRAME_MALFORMED', undefined, { cause });
  }
  throw new NmpError('FRAME_MALFORMED');
}

/** @throws NmpError FRAME_SIZE, FRAME_MALFORMED */
export function decodeIntentRequest(bytes: Uint8Array): IntentRequest {
  return decodeStrict(IntentRequest, { suites: ENTRIES_MAX }, bytes, 1024);
}

/** @throws NmpError FRAME_SIZE, FRAME_MALFORMED */
export function decodeIntentResponse(bytes: Uint8Array): IntentResponse {
  return decodeStrict(IntentResponse, {}, bytes, 65_536);
}

/** @throws NmpError FRAME_SIZE, FRAME_MALFORMED */
export function decodeLogicRequest(bytes: Uint8Array, maxBytes: number): LogicRequest {
  const limits = {
    inputs: ENTRIES_MAX,
    datasets: ENTRIES_MAX,
    datasets$: { columns: 4 * ENTRIES_MAX },
    moduleCapabilities: ENTRIES_MAX,
  };
  return decodeStrict(LogicRequest, limits, bytes, maxBytes);
}

/** @throws NmpError FRAME_SIZE, FRAME_MALFORMED */
export function decodeLogicResponse(bytes: Uint8Array, maxBytes: number): LogicResponse {
  return decodeStrict(LogicResponse, { refusal: { reasons: ENTRIES_MAX } }, bytes, maxBytes);
}
