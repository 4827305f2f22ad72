/**
 * Spans of what the client does, for whatever OpenTelemetry SDK the application registered; without
 * one nothing happens. Attributes are closed: no arguments, no answers, no messages, no module.
 */
import { type Attributes, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { AttestationReport } from '../shared/attestation/report.ts';
import { NmpError } from '../shared/errors.ts';

const TRACER = 'nmp-enclave';

export type Operation =
  | 'connect'
  | 'discoverTools'
  | 'attest'
  | 'callTool'
  | 'run'
  | 'callToolQuorum'
  | 'runQuorum'
  | 'watch'
  | 'verifyZkReceipt';

export interface SpanFacts {
  /** Peer ID. */
  readonly peer?: string;
  /** As the caller named it, or the node described it. */
  readonly capability?: string | undefined;
  readonly proofMode?: string | undefined;
}

const text = (value: string) => value.slice(0, 128);

function attributesOf({ peer, capability, proofMode }: SpanFacts): Attributes {
  return {
    ...(peer === undefined ? {} : { 'nmp.peer': text(peer) }),
    ...(capability === undefined ? {} : { 'nmp.capability': text(capability) }),
    ...(proofMode === undefined ? {} : { 'nmp.proof_mode': text(proofMode) }),
  };
}

/** The report that a result is, or carries. */
function reportOf(result: unknown): Pick<AttestationReport, 'verdict' | 'simulated'> | undefined {
  if (typeof result !== 'object' || result === null) return undefined;
  const report = 'report' in result ? result.report : result;
  if (typeof report !== 'object' || report === null) return undefined;
  const { verdict, simulated } = report as Partial<AttestationReport>;
  return verdict === undefined || simulated === undefined ? undefined : { verdict, simulated };
}

/** Runs `work` in a span `nmp.<operation>`; a failure is told by its code, never by its message. */
export function traced<T>(
  operation: Operation,
  facts: SpanFacts,
  work: () => Promise<T>,
): Promise<T> {
  const options = { kind: SpanKind.CLIENT, attributes: attributesOf(facts) };
  return trace.getTracer(TRACER).startActiveSpan(`nmp.${operation}`, options, async (span) => {
    try {
      const result = await work();
      const report = reportOf(result);
      if (report !== undefined) {
        span.setAttributes({ 'nmp.verdict': report.verdict, 'nmp.simulated': report.simulated });
      }
      return result;
    } catch (error) {
      const code = error instanceof NmpError ? error.code : 'INTERNAL';
      span.setAttribute('error.type', code);
      span.setStatus({ code: SpanStatusCode.ERROR, message: code });
      throw error;
    } finally {
      span.end();
    }
  });
}
