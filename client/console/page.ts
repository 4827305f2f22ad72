/** The console as one page, no network, the same from a server or a file; whole without its script. */
import type { AttestationReport, CheckId } from '../../shared/attestation/report.ts';
import { ERROR_CODES } from '../../shared/errors.ts';
import { escapeHtml, reportTable } from '../verify/render-html.ts';
import { PLACES } from './app/data.ts';
import { type ConsoleApp, dataBlocks, pagePolicy } from './app-blocks.ts';
import { instant, scrollTable } from './html.ts';
import { meshView } from './mesh-view.ts';
import type { CallCount, CapabilityView, ConsoleState, NodeView } from './state.ts';
import { STYLE } from './style.ts';

const PIN = { new: 'pinned now', pinned: 'as pinned', changed: 'changed' } as const;
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

function capabilityRow(view: CapabilityView): string {
  const { id, description, datasets, moduleHash, digest, pin } = view;
  const logic = moduleHash === undefined ? 'shipped by the caller' : `<code>${moduleHash}</code>`;
  return `<tr><th scope="row">${escapeHtml(id)}</th>${cells(
    escapeHtml(description),
    escapeHtml(datasets.join(', ')),
    logic,
    `<span class="status ${pin === 'changed' ? 'fail' : 'pass'}">${PIN[pin]}</span> <code>${digest}</code>`,
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
      instant(lastAt),
    )}</tr>`;
  });
  return scrollTable('Calls by outcome', ['Outcome', 'Count', 'Compared', 'Last'], rows);
}

function trusted({ policy, trust }: ConsoleState): string {
  const releases = policy.releases.map(
    ({ name, pcr0, notAfter }) =>
      `<tr><th scope="row">${escapeHtml(name ?? 'release')}</th>${cells(`<code class="long">${pcr0}</code>`, notAfter === undefined ? 'no end' : instant(notAfter))}</tr>`,
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

const NO_SCRIPT =
  '<noscript><p>Your browser runs no script, so this part does not work.</p></noscript>';

function policySection(): string {
  return `<h3>Edit the policy</h3><p>A copy: nothing changes until you save it and start with it.</p><div id="${PLACES.policy}">${NO_SCRIPT}</div>`;
}

function receiptSection(): string {
  return `<section aria-labelledby="receipt"><h2 id="receipt">Verify a receipt</h2><p>Verified in this page by the verifier inside it; the files leave your machine for nowhere.</p><div id="${PLACES.receipt}">${NO_SCRIPT}</div></section>`;
}

/**
 * @param live adds the button that attests anew; a file has no server behind it
 * @param app what works in the page itself: receipts, editing the policy, the chart
 */
export function renderConsole(state: ConsoleState, live: boolean, app?: ConsoleApp): string {
  const simulated = state.nodes.some(({ report }) => report?.simulated);
  const links = [
    '<li><a href="#mesh">Mesh</a></li>',
    ...state.nodes.map((_, i) => `<li><a href="#node-${i}">Node ${i + 1}</a></li>`),
    '<li><a href="#trusted">What is trusted</a></li>',
    '<li><a href="#calls">Calls</a></li>',
    ...(app === undefined ? [] : ['<li><a href="#receipt">Verify a receipt</a></li>']),
  ];
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="${pagePolicy(app)}">`,
    '<title>nmp trust console</title>',
    `<style>${app?.style ?? ''}${STYLE}</style></head><body>`,
    '<a class="skip-link" href="#main">To the evidence</a>',
    '<header><h1>Trust console</h1>',
    `<p>As of ${instant(state.takenAt)}.</p>`,
    live
      ? '<form method="post" action="/attest"><button>Attest every node again</button></form>'
      : '',
    simulated
      ? '<p class="banner" role="note">SIMULATED: no hardware stands behind some of this evidence.</p>'
      : '',
    `<nav aria-label="Sections"><ul>${links.join('')}</ul></nav></header><main id="main">`,
    meshView(state),
    ...state.nodes.map(node),
    state.nodes.length === 0 ? '<p>No nodes: start the console with <code>--node</code>.</p>' : '',
    '<section aria-labelledby="trusted"><h2 id="trusted">What is trusted</h2>',
    trusted(state),
    app === undefined ? '' : policySection(),
    '</section><section aria-labelledby="calls"><h2 id="calls">Calls</h2>',
    app === undefined ? '' : `<div id="${PLACES.history}"></div>`,
    calls(state.calls),
    '</section>',
    app === undefined ? '' : receiptSection(),
    '</main>',
    app === undefined ? '' : dataBlocks(app, state),
    '</body></html>',
    '',
  ].join('\n');
}
