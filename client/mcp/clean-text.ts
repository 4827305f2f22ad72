/**
 * Text that a node wrote, before a language model or a person reads it: bounded, and without the
 * characters that hide or reorder text. What it says stays untrusted.
 */

/**
 * Controls (C0, C1), format characters (Cf: zero-width, bidirectional, tags), line and paragraph
 * separators, private use, unassigned and lone surrogates, by Unicode general category.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}]+/gu;

/** @param max code points kept */
export function cleanText(text: string, max: number): string {
  // Cut first: the rest is work for a text of any length.
  const bounded = text.slice(0, 4 * max);
  const clean = bounded.normalize('NFC').replaceAll(HIDDEN, ' ').replaceAll(/ {2,}/g, ' ');
  const points = [...clean.trim()];
  return points.length <= max ? points.join('') : `${points.slice(0, max - 1).join('')}…`;
}

const DEPTH_MAX = 32;

/**
 * JSON with every text and key cleaned, at most `maxNodes` values; what is beyond is left out.
 * @param maxText code points of one text
 */
export function cleanJson(value: unknown, maxText: number, maxNodes: number): unknown {
  let left = maxNodes;
  const walk = (node: unknown, depth: number): unknown => {
    left -= 1;
    if (left < 0 || depth > DEPTH_MAX) return null;
    if (typeof node === 'string') return cleanText(node, maxText);
    if (Array.isArray(node)) return node.slice(0, left + 1).map((item) => walk(item, depth + 1));
    if (typeof node === 'object' && node !== null) {
      return Object.fromEntries(
        Object.entries(node)
          .slice(0, left + 1)
          .map(([key, item]) => [cleanText(key, maxText), walk(item, depth + 1)]),
      );
    }
    return typeof node === 'number' || typeof node === 'boolean' ? node : null;
  };
  return walk(value, 0);
}
