/** Turns what a record holds into a cell of the declared type, strictly. */
import type { CellType } from '../../shared/policy/node-config.ts';
import type { Cell } from './column.ts';
import { malformed, overLimit, type Place } from './record-error.ts';

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;
const INTEGER = /^-?(?:0|[1-9]\d{0,9})$/;
const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/;

export interface CellTarget {
  readonly name: string;
  readonly type: CellType;
}

const isInt32 = (value: number): boolean =>
  Number.isInteger(value) && value >= INT32_MIN && value <= INT32_MAX;

function text(value: string, target: CellTarget, place: Place, maxBytes: number): string {
  if (!value.isWellFormed()) throw malformed(place, `column ${target.name}: lone surrogate`);
  if (value.length > maxBytes || Buffer.byteLength(value) > maxBytes) {
    throw overLimit(place, `column ${target.name}: text is longer than ${maxBytes} bytes`);
  }
  return value;
}

/**
 * @param value a JSON value; null and undefined are the null cell
 * @throws NmpError DATA_MALFORMED if the type differs, DATA_LIMIT
 */
export function cellOfJson(
  value: unknown,
  target: CellTarget,
  place: Place,
  maxBytes: number,
): Cell {
  if (value === null || value === undefined) return null;
  const { type } = target;
  if (type === 'utf8' && typeof value === 'string') return text(value, target, place, maxBytes);
  if (type === 'bool' && typeof value === 'boolean') return value;
  // JSON.parse turns 1e999 into infinity.
  if (type === 'float64' && typeof value === 'number' && Number.isFinite(value)) return value;
  if (type === 'int32' && typeof value === 'number' && isInt32(value)) return value;
  throw malformed(place, `column ${target.name}: the value is no ${type}`);
}

/**
 * @param value text of a CSV field; an unquoted empty field is the null cell
 * @throws NmpError DATA_MALFORMED if it does not read as the type, DATA_LIMIT
 */
export function cellOfText(
  value: string,
  quoted: boolean,
  target: CellTarget,
  place: Place,
  maxBytes: number,
): Cell {
  if (value === '' && !quoted) return null;
  const { type } = target;
  if (type === 'utf8') return text(value, target, place, maxBytes);
  if (type === 'bool' && (value === 'true' || value === 'false')) return value === 'true';
  if (type === 'int32' && INTEGER.test(value) && isInt32(Number(value))) return Number(value);
  if (type === 'float64' && DECIMAL.test(value) && Number.isFinite(Number(value))) {
    return Number(value);
  }
  throw malformed(place, `column ${target.name}: the value is no ${type}`);
}
