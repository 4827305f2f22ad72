/** Canonical JSON, RFC 8785 (JCS): one text for one value. */

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Deepest nesting written; keeps hostile depth off the stack. */
const DEPTH_MAX = 64;

/** A Date, a Map or a typed array has no one JSON text. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * @throws TypeError for anything that is not a finite JSON value: NaN, infinities, lone
 * surrogates (RFC 8785, section 3.2.2.2), functions, cycles and nesting beyond 64
 */
export function canonicalJson(value: unknown, depth = 0): string {
  if (depth > DEPTH_MAX) throw new TypeError('canonical JSON: nested too deeply');
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('canonical JSON: number is not finite');
    // ECMAScript's own number text is what RFC 8785, section 3.2.2.3 asks; -0 becomes 0.
    return JSON.stringify(value);
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('canonical JSON: lone surrogate');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    return `[${value.map((item) => canonicalJson(item, depth + 1)).join(',')}]`;
  }
  if (typeof value === 'object' && isPlain(value)) {
    // Sorted by UTF-16 code units, section 3.2.3: what the default sort does.
    const members = Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => `${canonicalJson(key)}:${canonicalJson(item, depth + 1)}`);
    return `{${members.join(',')}}`;
  }
  throw new TypeError('canonical JSON: not a JSON value');
}

/**
 * True if `value` nests no deeper than `max`; does not recurse, so that it can be asked before
 * anything that does.
 */
export function nestsWithin(value: unknown, max: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    const next: unknown[] = [];
    for (const item of level) {
      if (typeof item !== 'object' || item === null) continue;
      if (depth === max) return false;
      for (const inner of Object.values(item)) next.push(inner);
    }
    level = next;
  }
  return true;
}
