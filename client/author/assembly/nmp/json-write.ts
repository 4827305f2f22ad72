/** Writes the answer as JSON. */
import { Mean } from './mean';
import { check } from './span';

/** `value` to `digits` decimal places, half away from zero, in its shortest text. */
export function round(value: f64, digits: i32): f64 {
  let scale: f64 = 1;
  for (let i = 0; i < digits; i++) scale *= 10;
  const scaled = Math.abs(value) * scale;
  const result = Math.floor(scaled + 0.5) / scale;
  return value < 0 ? -result : result;
}

function quote(text: string): string {
  let out = '"';
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 0x20 && c != 0x22 && c != 0x5c) continue;
    out += text.substring(start, i);
    start = i + 1;
    if (c == 0x22 || c == 0x5c) out += '\\' + String.fromCharCode(c);
    else out += (c < 0x10 ? '\\u000' : '\\u00') + c.toString(16);
  }
  return out + text.substring(start) + '"';
}

function float(value: f64): string {
  check(isFinite(value));
  const text = value.toString();
  return text.endsWith('.0') ? text.substring(0, text.length - 2) : text;
}

/** JSON text of a number, boolean, text, Mean, JsonObject or JsonArray. */
export function encode<T>(value: T): string {
  if (isBoolean<T>()) return value ? 'true' : 'false';
  if (isFloat<T>()) return float(<f64>value);
  if (isInteger<T>()) return value.toString();
  if (isString<T>()) return quote(<string>value);
  if (value instanceof Mean) return value.isEmpty ? 'null' : float(value.value);
  if (value instanceof JsonObject) return value.toString();
  if (value instanceof JsonArray) return value.toString();
  ERROR('only numbers, booleans, texts, Mean, JsonObject and JsonArray can be answered');
}

export class JsonObject {
  private members: string = '';

  set<T>(key: string, value: T): JsonObject {
    if (this.members.length > 0) this.members += ',';
    this.members += quote(key) + ':' + encode(value);
    return this;
  }

  setNull(key: string): JsonObject {
    if (this.members.length > 0) this.members += ',';
    this.members += quote(key) + ':null';
    return this;
  }

  toString(): string {
    return '{' + this.members + '}';
  }
}

export class JsonArray {
  private items: string = '';

  push<T>(value: T): JsonArray {
    if (this.items.length > 0) this.items += ',';
    this.items += encode(value);
    return this;
  }

  pushNull(): JsonArray {
    this.items += this.items.length > 0 ? ',null' : 'null';
    return this;
  }

  toString(): string {
    return '[' + this.items + ']';
  }
}
