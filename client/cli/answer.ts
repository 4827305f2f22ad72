/** Prints an answer or a refusal of a call, for people and for machines. */
import type { Answer } from '../nmp-client.ts';
import { RefusedError } from '../refused-error.ts';
import { renderText } from '../verify/render-text.ts';
import { remark, stdoutTakesColor } from './output.ts';

export function printAnswer(answer: Answer, json: boolean | undefined): void {
  if (json) {
    const { output, report, certificate } = answer;
    const evidence = { report, certificate: Buffer.from(certificate).toString('base64') };
    process.stdout.write(`${JSON.stringify({ verdict: 'released', output, evidence })}\n`);
    return;
  }
  remark(renderText(answer.report, stdoutTakesColor()));
  process.stdout.write(`${JSON.stringify(answer.output, null, 2)}\n`);
}

/** A refusal is an outcome of the call, not a fault of the command: the same shape on stdout. */
export function printRefusal(error: unknown, json: boolean | undefined): void {
  if (!(error instanceof RefusedError)) throw error;
  const { code, stage, reasons, countBucket, retryable, auditId, remedy, message } = error;
  process.exitCode = error.exit;
  if (json) {
    const refusal = { stage, code, reasons, countBucket, retryable, hint: remedy, auditId };
    process.stdout.write(`${JSON.stringify({ verdict: 'blocked', refusal })}\n`);
    return;
  }
  const why = reasons.length === 0 ? '' : `\n  reasons ${reasons.join(' ')}`;
  remark(`${message}\n  code    ${code}${why}\n  remedy  ${remedy}\n  audit   ${auditId}`);
}
