/** Small parts of the page. */
import { escapeHtml } from '../verify/render-html.ts';

/** @param head and rows are HTML */
export function scrollTable(
  label: string,
  head: readonly string[],
  rows: readonly string[],
): string {
  const columns = head.map((name) => `<th scope="col">${name}</th>`).join('');
  return `<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table><thead><tr>${columns}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

/** @param at ISO 8601; shown to the second where it is in UTC */
export function instant(at: string): string {
  const shown = at.replace(/^(.{10})T(.{8})(\.\d+)?Z$/, '$1 $2 UTC');
  return `<time datetime="${escapeHtml(at)}">${escapeHtml(shown)}</time>`;
}
