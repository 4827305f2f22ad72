/** Newline-delimited JSON: one object a line, UTF-8, every line whole. */
import type { DatasetLimits } from './limits.ts';
import { malformed, overLimit, type Place } from './record-error.ts';

const LF = 0x0a;
const CR = 0x0d;

export type JsonObject = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Bytes without a UTF-8 byte order mark. */
export function withoutBom(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/**
 * The records of a file, one at a time.
 * @throws NmpError DATA_MALFORMED (not UTF-8, not JSON, not an object, empty line), DATA_LIMIT
 */
export function* readNdjson(
  file: string,
  content: Uint8Array,
  limits: DatasetLimits,
): Generator<{ readonly record: JsonObject; readonly place: Place }> {
  const bytes = withoutBom(content);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for (let start = 0, line = 1; start < bytes.length; line++) {
    const newline = bytes.indexOf(LF, start);
    const next = newline < 0 ? bytes.length : newline;
    const end = next > start && bytes[next - 1] === CR ? next - 1 : next;
    const place = { file, line };
    if (end - start > limits.recordBytes) {
      throw overLimit(place, `the record is longer than ${limits.recordBytes} bytes`);
    }
    let record: unknown;
    try {
      record = JSON.parse(decoder.decode(bytes.subarray(start, end)));
    } catch {
      // The parser's message quotes the record.
      throw malformed(place, 'the line is not JSON in UTF-8');
    }
    if (!isObject(record)) throw malformed(place, 'the record is not an object');
    yield { record, place };
    start = next + 1;
  }
}
