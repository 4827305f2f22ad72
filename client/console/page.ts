/** The console as one page: no script, no network, and the same from a server or a file. */
import type { AttestationReport, CheckId } from '../../shared/attestation/report.ts';
import { ERROR_CODES } from '../../shared/errors.ts';
import { escapeHtml, PAGE_STYLE, reportTable } from '../verify/render-html.ts';
import type { CallCount, CapabilityView, ConsoleState, NodeView } from './state.ts';

const STYLE = `${PAGE_STYLE}
nav ul{display:flex;flex-wrap:wrap;gap:.4rem 1rem;padding:0;list-style:none}
a{color:inherit}a:focus-visible,button:focus-visible,summary:focus-visible,[tabindex]:focus-visible{outline:3px solid currentColor;outline-offset:2px}
.chain{display:flex;flex-wrap:wrap;gap:.6rem 1.6rem;padding:0;list-style:none;counter-reset:link}
.chain li{position:relative;flex:1 1 9rem;border:1px solid var(--line);border-top:4px solid var(--skip);background:var(--soft);padding:.5rem .7rem}
.chain li.pass{border-top-color:var(--pass)}.chain li.fail{border-top-color:var(--fail)}.chain li{color:inherit}
.chain li+li::before{content:"→";position:absolute;left:-1.35rem;top:40%}
.chain b{display:block}.chain code{display:block;overflow-wrap:anywhere;font-size:.8rem}
code{overflow-wrap:anywhere}button{font:inherit;padding:.5rem 1rem;border:1px solid currentColor;background:var(--soft);color:inherit;cursor:pointer}
.bar{fill:var(--skip)}.bar.good{fill:var(--pass)}
summary{cursor:pointer;padding:.3rem 0}@media (max-width:40rem){.chain{flex-direction:column;gap:1.4rem}.chain li{flex:none}.chain li+li::before{content:"↓";left:1rem;top:-1.6rem}}
`;

const SHORT = 24;
const shorten = (text: string) => (text.length <= SHORT ? text : `${text.slice(0, SHORT)}…`);

interface Link {
  readonly title: string;
  readonly check: CheckId;
  readonly value: string;
}

/** From the root that is pinned to the keys of this session, each link with the check behind it. */
function chain(report: AttestationReport): string {
  const { document } = report;
  const links: readonly Link[] = [
    { title: 'Pinned root', check: 'authority', value: report.mode },
    { title: 'Certificates', check: 'chain', value: document?.moduleId ?? '' },
    { title: 'Document signed', check: 'signature', value: document?.payloadHash ?? '' },
    { title: 'Made for this question', check: 'nonce', value: document?.nonce ?? '' },
    { title: 'Image you trust', check: 'pcrs', value: document?.pcrs['0'] ?? '' },
    { title: 'Keys and rules bound', check: 'binding', value: document?.userData ?? '' },
  ];
  const items = links.map(({ title, check, value }) => {
    const status = report.checks.find(({ id }) => id === check)?.status ?? 'skip';
    const word = { pass: '✓ holds', fail: '✗ fails', skip: '· not checked' }[status];
    return `<li class="${status}"><b>${title}</b><span class="status ${status}">${word}</span><code>${escapeHtml(shorten(value))}</code></li>`;
  });
  return `<ol class="chain" aria-label="Chain of evidence">${items.join('')}</ol>`;
}

const cells = (...values: readonly string[]) => values.map((value) => `<td>${value}</td>`).join('');

function scrollTable(label: string, head: readonly string[], rows: readonly string[]): string {
  const columns = head.map((name) => `<th scope="col">${name}</th>`).join('');
  return `<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table><thead><tr>${columns}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function capabilityRow(view: CapabilityView): string {
  const { id, description, datasets, moduleHash, digest, pin } = view;
  const logic = moduleHash === undefined ? 'shipped by the caller' : `<code>${moduleHash}</code>`;
  return `<tr><th scope="row">${escapeHtml(id)}</th>${cells(
    escapeHtml(description),
    escapeHtml(datasets.join(', ')),
    logic,
    `<span class="status ${pin === 'changed' ? 'fail' : 'pass'}">${escapeHtml(pin)}</span> <code>${digest}</code>`,
  )}</tr>`;
}

function node(view: NodeView, index: number): string {
  const { address, peer, code, report, capabilities } = view;
  const parts = [
    `<section aria-labelledby="node-${index}"><h2 id="node-${index}">Node ${index + 1}</h2>`,
    `<p><code>${escapeHtml(address)}</code>${peer === undefined ? '' : `<br>Peer ID <code>${escapeHtml(peer)}</code>`}</p>`,
  ];
  if (code !== undefined) {
    const known = Object.entries(ERROR_CODES).find(([name]) => name === code)?.[1];
    parts.push(
      `<p class="status fail">✗ ${escapeHtml(code)}</p><p>${escapeHtml(known?.cause ?? '')} ${escapeHtml(known?.remedy ?? '')}</p>`,
    );
  }
  if (report !== undefined) {
    parts.push(chain(report));
    parts.push(
      `<details${report.verdict === 'fail' ? ' open' : ''}><summary>Each check, expected and found</summary>${reportTable(report)}</details>`,
    );
  }
  if (capabilities.length > 0) {
    parts.push('<h3>Capabilities</h3>');
    const head = ['Capability', 'What the node says', 'Datasets', 'Logic', 'Pinned description'];
    parts.push(scrollTable('Capabilities', head, capabilities.map(capabilityRow)));
  }
  return `${parts.join('\n')}</section>`;
}

function calls(counts: readonly CallCount[]): string {
  if (counts.length === 0) {
    return '<p>No calls on record. Start the bridge with <code>nmp mcp --audit FILE</code> and the console with <code>--audit FILE</code>.</p>';
  }
  const most = Math.max(...counts.map(({ count }) => count));
  const rows = counts.map(({ code, count, lastAt }) => {
    const width = Math.max(1, Math.round((count / most) * 100));
    const good = code === 'RELEASED' ? ' good' : '';
    return `<tr><th scope="row">${escapeHtml(code)}</th>${cells(
      String(count),
      `<svg width="100" height="12" role="img" aria-label="${count}"><rect class="bar${good}" width="${width}" height="12"/></svg>`,
      `<time datetime="${escapeHtml(lastAt)}">${escapeHtml(lastAt)}</time>`,
    )}</tr>`;
  });
  return scrollTable('Calls by outcome', ['Outcome', 'Count', 'Compared', 'Last'], rows);
}

function trusted({ policy, trust }: ConsoleState): string {
  const releases = policy.releases.map(
    ({ name, pcr0, notAfter }) =>
      `<tr><th scope="row">${escapeHtml(name ?? 'release')}</th>${cells(`<code>${pcr0}</code>`, escapeHtml(notAfter ?? 'no end'))}</tr>`,
  );
  const waiting = trust.capabilities.filter(({ changedTo }) => changedTo !== undefined);
  return [
    scrollTable('Images trusted', ['Image', 'PCR0', 'Until'], releases),
    `<p>${trust.measurements.length} of them approved by a person, ${trust.capabilities.length} descriptions pinned.</p>`,
    ...waiting.map(
      ({ peer, capability }) =>
        `<p class="status fail">Changed, waits for <code>nmp trust approve ${escapeHtml(peer)} ${escapeHtml(capability)}</code></p>`,
    ),
  ].join('\n');
}

/** @param live adds the button that attests anew; a file has no server behind it */
export function renderConsole(state: ConsoleState, live: boolean): string {
  const simulated = state.nodes.some(({ report }) => report?.simulated);
  const links = [
    ...state.nodes.map((_, i) => `<li><a href="#node-${i}">Node ${i + 1}</a></li>`),
    '<li><a href="#trusted">What is trusted</a></li>',
    '<li><a href="#calls">Calls</a></li>',
  ];
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; form-action 'self'">`,
    '<title>nmp trust console</title>',
    `<style>${STYLE}</style></head><body>`,
    '<header><h1>Trust console</h1>',
    `<p>As of <time datetime="${escapeHtml(state.takenAt)}">${escapeHtml(state.takenAt)}</time>.</p>`,
    live
      ? '<form method="post" action="/attest"><button>Attest every node again</button></form>'
      : '',
    simulated
      ? '<p class="banner" role="note">SIMULATED: no hardware stands behind some of this evidence.</p>'
      : '',
    `<nav aria-label="Sections"><ul>${links.join('')}</ul></nav></header><main>`,
    ...state.nodes.map(node),
    state.nodes.length === 0 ? '<p>No nodes: start the console with <code>--node</code>.</p>' : '',
    '<section aria-labelledby="trusted"><h2 id="trusted">What is trusted</h2>',
    trusted(state),
    '</section><section aria-labelledby="calls"><h2 id="calls">Calls</h2>',
    calls(state.calls),
    '</section></main></body></html>',
    '',
  ].join('\n');
}
