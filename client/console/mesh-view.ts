/** Nodes and the images that they prove, as a picture; the same in words is the table below it. */
import { escapeHtml } from '../verify/render-html.ts';
import { scrollTable } from './html.ts';
import type { ConsoleState, NodeView } from './state.ts';

const WIDTH = 760;
const ROW = 64;
const BOX = { height: 44, node: 250, image: 250 } as const;
const IMAGE_X = WIDTH - BOX.image - 2;
const NODE_CHARS_MAX = 30;
const DIGITS = 20;

function words(view: NodeView): string {
  if (view.code !== undefined) return `✗ ${view.code}`;
  return holds(view) ? '✓ proven' : '✗ not proven';
}

const holds = ({ report }: NodeView) => report?.verdict === 'pass';
const clip = (text: string, most: number) =>
  text.length <= most ? text : `${text.slice(0, most - 1)}…`;

/** What a node proves to be; nodes with the same PCR0 run the same image. */
function imagesOf(nodes: readonly NodeView[]): readonly string[] {
  return [...new Set(nodes.flatMap(({ report }) => report?.document?.pcrs['0'] ?? []))];
}

function nameOf(state: ConsoleState, pcr0: string): string {
  const release = state.policy.releases.find((known) => known.pcr0 === pcr0);
  if (release !== undefined) return release.name ?? 'trusted release';
  const approved = state.trust.measurements.some((known) => known.pcr0 === pcr0);
  return approved ? 'approved by a person' : 'not trusted';
}

function box(x: number, y: number, width: number, lines: readonly [string, string]): string {
  const [first, second] = lines;
  return [
    `<rect x="${x}" y="${y}" width="${width}" height="${BOX.height}" rx="4"/>`,
    `<text x="${x + 10}" y="${y + 18}">${escapeHtml(first)}</text>`,
    `<text class="mono" x="${x + 10}" y="${y + 36}">${escapeHtml(second)}</text>`,
  ].join('');
}

function picture(state: ConsoleState, images: readonly string[]): string {
  const { nodes } = state;
  const rows = Math.max(nodes.length, images.length);
  const y = (i: number, of: number) => 2 + (i + (rows - of) / 2) * ROW;
  const parts = nodes.map((view, i) => {
    const top = y(i, nodes.length);
    const middle = top + BOX.height / 2;
    const verdict = holds(view) ? 'pass' : 'fail';
    const image = images.indexOf(view.report?.document?.pcrs['0'] ?? '');
    const lines = [`Node ${i + 1}`, clip(view.address, NODE_CHARS_MAX)] as const;
    const start = BOX.node + 2;
    const end = image < 0 ? start + 20 : IMAGE_X;
    const endY = image < 0 ? middle : y(image, images.length) + BOX.height / 2;
    const bend = (start + end) / 2;
    return [
      `<path class="${verdict}" d="M${start} ${middle}C${bend} ${middle} ${bend} ${endY} ${end} ${endY}"/>`,
      box(2, top, BOX.node, lines),
      `<text class="${verdict}" x="${start + 26}" y="${middle - 8}">${escapeHtml(words(view))}</text>`,
    ].join('');
  });
  const drawn = images.map((pcr0, i) =>
    box(IMAGE_X, y(i, images.length), BOX.image, [
      clip(nameOf(state, pcr0), NODE_CHARS_MAX),
      `PCR0 ${pcr0.slice(0, DIGITS)}…`,
    ]),
  );
  const proven = nodes.filter(holds).length;
  const label = `${proven} of ${nodes.length} nodes prove what they run; ${images.length} images seen. The table below says which.`;
  return `<div class="scroll" tabindex="0" role="region" aria-label="Picture of the mesh"><svg class="mesh" viewBox="0 0 ${WIDTH} ${rows * ROW - (ROW - BOX.height) + 4}" role="img" aria-label="${label}">${parts.join('')}${drawn.join('')}</svg></div>`;
}

/** '' if no node was asked. */
export function meshView(state: ConsoleState): string {
  if (state.nodes.length === 0) return '';
  const images = imagesOf(state.nodes);
  const rows = state.nodes.map((view, i) => {
    const { report, address } = view;
    const pcr0 = report?.document?.pcrs['0'];
    const verdict = holds(view) ? 'pass' : 'fail';
    const image =
      pcr0 === undefined
        ? '—'
        : `${escapeHtml(nameOf(state, pcr0))}<code class="long">${escapeHtml(pcr0)}</code>`;
    return `<tr><th scope="row"><a href="#node-${i}">Node ${i + 1}</a></th><td><code>${escapeHtml(address)}</code></td><td class="status ${verdict}">${escapeHtml(words(view))}</td><td>${image}</td></tr>`;
  });
  return [
    '<section aria-labelledby="mesh"><h2 id="mesh">Mesh</h2>',
    picture(state, images),
    scrollTable('Nodes and images', ['Node', 'Address', 'Evidence', 'Image, by PCR0'], rows),
    '</section>',
  ].join('\n');
}
