/** The report as one self-contained page: no script, no network, light and dark. */
import type { AttestationReport, Check } from '../../shared/attestation/report.ts';

export interface Section {
  readonly title: string;
  /** What happened, in a sentence. */
  readonly summary?: string;
  readonly report?: AttestationReport;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => ESCAPES[char] ?? char);
}

/** Also of the console. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--ink:#17202a;--paper:#fff;--line:#d5dbe1;--soft:#f4f6f8;--pass:#0b6b3a;--fail:#a4161a;--skip:#5b6672}
@media (prefers-color-scheme:dark){:root{--ink:#e8edf2;--paper:#12171c;--line:#323b44;--soft:#1b2229;--pass:#5ad197;--fail:#ff8a8a;--skip:#9aa7b4}}
*{box-sizing:border-box}body{margin:0 auto;max-width:72rem;padding:2rem 1rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.5rem}
.banner{border:2px solid var(--fail);color:var(--fail);padding:.6rem 1rem;font-weight:700}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid var(--line)}th{background:var(--soft)}
td:last-child{min-width:14rem}td.value{font-family:ui-monospace,monospace;overflow-wrap:anywhere;min-width:12rem}
.pass{color:var(--pass)}.fail{color:var(--fail)}.skip{color:var(--skip)}.status{font-weight:700;white-space:nowrap}p{overflow-wrap:anywhere}p.status{white-space:normal}
`;

const WORD = { pass: '✓ pass', fail: '✗ fail', skip: '· skipped' } as const;

function row(check: Check): string {
  const remedy =
    check.status === 'fail'
      ? `<br><strong>${escapeHtml(check.cause ?? '')}</strong> ${escapeHtml(check.remedy)} <code>${escapeHtml(check.code ?? '')}</code>`
      : '';
  return [
    '<tr>',
    `<td class="status ${check.status}">${WORD[check.status]}</td>`,
    `<th scope="row">${escapeHtml(check.id)}</th>`,
    `<td class="value">${escapeHtml(check.expected)}</td>`,
    `<td class="value">${escapeHtml(check.actual)}</td>`,
    `<td>${escapeHtml(check.why)}${remedy}</td>`,
    '</tr>',
  ].join('');
}

export function reportTable(report: AttestationReport): string {
  const head = ['Status', 'Check', 'Expected', 'Found', 'Why it matters']
    .map((name) => `<th scope="col">${name}</th>`)
    .join('');
  return [
    `<p class="status ${report.verdict}">${report.verdict === 'pass' ? 'Every check that was asked for holds.' : 'Do not rely on this evidence.'} Checked at ${escapeHtml(report.checkedAt)}.</p>`,
    `<div class="scroll" tabindex="0" role="region" aria-label="Checks"><table><thead><tr>${head}</tr></thead><tbody>`,
    ...report.checks.map(row),
    '</tbody></table></div>',
  ].join('\n');
}

export function renderHtml(sections: readonly Section[]): string {
  const simulated = sections.some((section) => section.report?.simulated);
  const body = sections.flatMap(({ title, summary, report }) => [
    `<section><h2>${escapeHtml(title)}</h2>`,
    summary === undefined ? '' : `<p>${escapeHtml(summary)}</p>`,
    report === undefined ? '' : reportTable(report),
    '</section>',
  ]);
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    '<title>nmp-enclave report</title>',
    `<style>${PAGE_STYLE}</style></head><body><main>`,
    '<h1>nmp-enclave report</h1>',
    simulated
      ? '<p class="banner" role="note">SIMULATED: no hardware stands behind this evidence.</p>'
      : '',
    ...body,
    '</main></body></html>',
    '',
  ].join('\n');
}
