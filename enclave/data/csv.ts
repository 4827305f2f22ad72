/** Comma-separated values as RFC 4180 defines them, with a header line; LF is taken as CRLF is. */
import type { DatasetLimits } from './limits.ts';
import { withoutBom } from './ndjson.ts';
import { malformed, overLimit, type Place } from './record-error.ts';

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;
const FIELDS_MAX = 4096;

export interface CsvField {
  readonly text: string;
  readonly quoted: boolean;
}

export interface CsvRecord {
  readonly fields: readonly CsvField[];
  /** Line on which the record begins. */
  readonly place: Place;
}

/**
 * The records of a file, header first; all have as many fields as the header.
 * @param delimiter one ASCII character
 * @throws NmpError DATA_MALFORMED (stray quote, unended quote, field count, not UTF-8), DATA_LIMIT
 */
export function* readCsv(
  file: string,
  content: Uint8Array,
  delimiter: string,
  limits: DatasetLimits,
): Generator<CsvRecord> {
  const bytes = withoutBom(content);
  const separator = delimiter.charCodeAt(0);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let at = 0;
  let line = 1;
  let width = 0;

  const endsField = (position: number): boolean =>
    position === bytes.length ||
    bytes[position] === separator ||
    bytes[position] === LF ||
    (bytes[position] === CR && bytes[position + 1] === LF);

  function decode(place: Place, start: number, end: number): string {
    try {
      return decoder.decode(bytes.subarray(start, end));
    } catch {
      throw malformed(place, 'the field is not UTF-8');
    }
  }

  function quotedField(place: Place, first: number): CsvField {
    const start = ++at;
    let escaped = false;
    for (; ; at++) {
      if (at === bytes.length) throw malformed(place, 'a quoted field does not end');
      if (at - first > limits.recordBytes) {
        throw overLimit(place, `the record is longer than ${limits.recordBytes} bytes`);
      }
      if (bytes[at] === LF) line++;
      if (bytes[at] !== QUOTE) continue;
      if (bytes[at + 1] !== QUOTE) break;
      escaped = true;
      at++;
    }
    const text = decode(place, start, at++);
    if (!endsField(at)) throw malformed(place, 'text follows a closing quote');
    return { text: escaped ? text.replaceAll('""', '"') : text, quoted: true };
  }

  function plainField(place: Place): CsvField {
    const start = at;
    for (; !endsField(at); at++) {
      if (bytes[at] === QUOTE) throw malformed(place, 'a quote inside an unquoted field');
      if (bytes[at] === CR) throw malformed(place, 'a carriage return without a line feed');
    }
    return { text: decode(place, start, at), quoted: false };
  }

  while (at < bytes.length) {
    const place = { file, line };
    const first = at;
    const fields: CsvField[] = [];
    for (;;) {
      if (fields.length === FIELDS_MAX) throw overLimit(place, `more than ${FIELDS_MAX} fields`);
      fields.push(bytes[at] === QUOTE ? quotedField(place, first) : plainField(place));
      if (at - first > limits.recordBytes) {
        throw overLimit(place, `the record is longer than ${limits.recordBytes} bytes`);
      }
      if (bytes[at] !== separator) break;
      at++;
    }
    if (width === 0) width = fields.length;
    if (fields.length !== width) {
      throw malformed(place, `${fields.length} fields where the header has ${width}`);
    }
    yield { fields, place };
    if (bytes[at] === CR) at++;
    at++;
    line++;
  }
}
