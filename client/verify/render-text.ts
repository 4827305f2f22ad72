/** The report for a terminal: one line a check, and for a failure what was seen and what to do. */
import pc from 'picocolors';
import type { AttestationReport, Check } from '../../shared/attestation/report.ts';

const MARK = { pass: '✓', fail: '✗', skip: '·' } as const;
const SHOWN_MAX = 100;

function shorten(text: string): string {
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`;
}

function line(check: Check, colors: ReturnType<typeof pc.createColors>): string[] {
  const paint = { pass: colors.green, fail: colors.red, skip: colors.dim }[check.status];
  const head = `${paint(MARK[check.status])} ${check.id.padEnd(12)} ${shorten(check.actual)}`;
  if (check.status !== 'fail') return [check.status === 'skip' ? colors.dim(head) : head];
  return [
    head,
    `    expected  ${shorten(check.expected)}`,
    `    code      ${check.code ?? ''}`,
    `    why       ${check.why}`,
    `    remedy    ${check.remedy}`,
  ];
}

/** @param color whether the terminal takes colours */
export function renderText(report: AttestationReport, color: boolean): string {
  const colors = pc.createColors(color);
  const banner = report.simulated
    ? [colors.bold(colors.red('SIMULATED: no hardware stands behind this evidence.'))]
    : [];
  const verdict =
    report.verdict === 'pass'
      ? colors.green('PASS: every check that was asked for holds.')
      : colors.red('FAIL: do not rely on this evidence.');
  const lines = report.checks.flatMap((check) => line(check, colors));
  return [...banner, ...lines, verdict, ''].join('\n');
}
