/** The report for a terminal: one line a check, and for a failure what was seen and what to do. */
import pc from 'picocolors';
import type { AttestationReport, Check } from '../../shared/attestation/report.ts';

const MARK = { pass: '✓', fail: '✗', skip: '·' } as const;
const SHOWN_MAX = 100;

function shorten(text: string): string {
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`;
}

function line(check: Check, colors: ReturnType<typeof pc.createColors>): string[] {
  const { status, id, expected, actual } = check;
  const paint = { pass: colors.green, fail: colors.red, skip: colors.dim }[status];
  const head = (text: string) => `${paint(MARK[status])} ${id.padEnd(12)} ${text}`;
  if (status === 'pass') return [head(shorten(actual))];
  if (status === 'skip') return [colors.dim(head(shorten(`${expected}: ${actual}`)))];
  return [
    head(colors.red(check.cause ?? '')),
    `    found     ${shorten(actual)}`,
    `    expected  ${shorten(expected)}`,
    `    why       ${check.why}`,
    `    remedy    ${check.remedy}`,
    `    code      ${check.code ?? ''}`,
  ];
}

/** @param color whether the terminal takes colours */
export function renderText(report: AttestationReport, color: boolean): string {
  const colors = pc.createColors(color);
  const banner = report.simulated
    ? [colors.bold(colors.red('SIMULATED: no hardware stands behind this evidence.'))]
    : [];
  const failures = report.checks.flatMap(({ code }) => (code === undefined ? [] : [code]));
  const verdict =
    report.verdict === 'pass'
      ? colors.green('PASS: every check that was asked for holds.')
      : colors.red(`FAIL (${failures.join(', ')}): do not rely on this evidence.`);
  const lines = report.checks.flatMap((check) => line(check, colors));
  return [...banner, ...lines, verdict, ''].join('\n');
}
