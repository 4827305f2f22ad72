/** What a person is shown of evidence: nothing that failed may look as if it held. */
import { describe, expect, it } from 'vitest';
import { renderHtml, reportTable } from '../../../../client/verify/render-html.ts';
import { renderText } from '../../../../client/verify/render-text.ts';
import type { AttestationReport, Check } from '../../../../shared/attestation/report.ts';

const base = {
  ...({ id: 'pcrs' } as const),
  ...{ expected: 'those of <1.0>', actual: 'others & "more"', why: "it's why" },
};
const pass: Check = { ...base, id: 'chain', status: 'pass', actual: 'AWS', remedy: 'none' };
const skip: Check = { ...base, id: 'age', status: 'skip', remedy: 'none' };
const fail: Check = {
  ...base,
  status: 'fail',
  code: 'ATTESTATION_PCR_UNKNOWN',
  cause: 'Another image.',
  remedy: 'Compare <them>.',
};
const report = (checks: readonly Check[], more: Partial<AttestationReport> = {}) =>
  ({
    verdict: checks.some(({ status }) => status === 'fail') ? 'fail' : 'pass',
    checks,
    simulated: false,
    checkedAt: '2026-11-29T00:00:00.000Z',
    ...more,
  }) as AttestationReport;

describe('a report as text', () => {
  it('of evidence that holds says so, with one line a check', () => {
    expect(renderText(report([pass, skip]), false).split('\n')).toEqual([
      '✓ chain        AWS',
      '· age          those of <1.0>: others & "more"',
      'PASS: every check that was asked for holds.',
      '',
    ]);
  });

  it('of evidence that fails says what, why, and what to do', () => {
    expect(renderText(report([pass, fail]), false).split('\n')).toEqual([
      '✓ chain        AWS',
      '✗ pcrs         Another image.',
      '    found     others & "more"',
      '    expected  those of <1.0>',
      "    why       it's why",
      '    remedy    Compare <them>.',
      '    code      ATTESTATION_PCR_UNKNOWN',
      'FAIL (ATTESTATION_PCR_UNKNOWN): do not rely on this evidence.',
      '',
    ]);
    const twice = renderText(report([fail, { ...fail, code: 'ATTESTATION_ROOT' }]), false);
    expect(twice).toContain('FAIL (ATTESTATION_PCR_UNKNOWN, ATTESTATION_ROOT)');
  });

  it('begins with a warning where no hardware stands behind it, and only there', () => {
    const [first] = renderText(report([pass], { simulated: true }), false).split('\n');
    expect(first).toBe('SIMULATED: no hardware stands behind this evidence.');
    expect(renderText(report([pass]), false)).not.toContain('SIMULATED');
  });

  it('cuts what is long, and shows what is just not', () => {
    const shown = (length: number) =>
      renderText(report([{ ...pass, actual: 'x'.repeat(length) }]), false).split('\n')[0];
    expect(shown(100)).toBe(`✓ chain        ${'x'.repeat(100)}`);
    expect(shown(101)).toBe(`✓ chain        ${'x'.repeat(100)}…`);
  });

  it('has colours for a terminal that takes them', () => {
    const red = '\u001b[31m';
    const green = '\u001b[32m';
    expect(renderText(report([pass, fail]), false)).not.toContain('\u001b');
    expect(renderText(report([pass]), true)).toContain(`${green}✓`);
    expect(renderText(report([fail]), true)).toContain(`${red}✗`);
    expect(renderText(report([fail]), true)).toContain(`${red}FAIL`);
    expect(renderText(report([pass]), true)).toContain(`${green}PASS`);
  });
});

describe('a report as a page', () => {
  it('has a row a check, with the remedy of what failed alone', () => {
    const [, ...rows] = reportTable(report([pass, skip, fail])).split('<tbody>');
    const table = rows.join('').split('</tr>');
    expect(table[0]).toContain('<td class="status pass">✓ pass</td><th scope="row">chain</th>');
    expect(table[1]).toContain('<td class="status skip">· skipped</td>');
    expect(table[2]).toContain('<td class="status fail">✗ fail</td>');
    const remedy = '<strong>Another image.</strong> Compare &lt;them&gt;.';
    expect(table.map((row) => row.includes(remedy))).toEqual([false, false, true, false]);
    expect(table[2]).toContain('<code>ATTESTATION_PCR_UNKNOWN</code>');
    expect(table[0]).not.toContain('<strong>');
  });

  it('says the verdict in words and by its class', () => {
    const good = reportTable(report([pass]));
    const bad = reportTable(report([fail]));
    expect(good).toContain('<p class="status pass">Every check that was asked for holds.');
    expect(bad).toContain('<p class="status fail">Do not rely on this evidence.');
    expect(good).toContain('Checked at 2026-11-29T00:00:00.000Z.');
  });

  it('shows nothing of a node as markup', () => {
    const page = renderHtml([{ title: '<b>&</b>', summary: `"it's"`, report: report([fail]) }]);
    expect(page).toContain('<h2>&lt;b&gt;&amp;&lt;/b&gt;</h2>');
    expect(page).toContain('<p>&quot;it&#39;s&quot;</p>');
    expect(page).toContain('<td class="value">others &amp; &quot;more&quot;</td>');
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page).not.toMatch(/<script|src=|href=/);
  });

  it('warns once if any part is simulated, and not otherwise', () => {
    const banner = /<p class="banner"[^>]*>SIMULATED/g;
    const simulated = report([pass], { simulated: true });
    const both = [
      { title: 'a', report: report([pass]) },
      { title: 'b', report: simulated },
    ];
    expect(renderHtml(both).match(banner)).toHaveLength(1);
    expect(renderHtml([{ title: 'a', report: report([pass]) }])).not.toMatch(banner);
  });

  it('leaves out what a part has not', () => {
    const page = renderHtml([{ title: 'a' }, { title: 'b', summary: 'c' }]);
    expect(page.match(/<section>/g)).toHaveLength(2);
    expect(page).not.toContain('<table>');
    expect(page.match(/<p>/g)).toHaveLength(1);
  });
});
