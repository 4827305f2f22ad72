/** From a checked answer to what the host gets, in the foreground or as a job. */
import { NmpError } from '../../../shared/errors.ts';
import type { Answer, CallOptions } from '../../nmp-client.ts';
import type { Gateway } from '../gateway.ts';
import {
  type CallScope,
  settle,
  TIMEOUT_SECONDS,
  TIMEOUT_SECONDS_MAX,
  type Work,
} from '../invoke.ts';
import { type Outcome, RESULT_CHARS_MAX, type ToolOutcome } from '../outcome.ts';

/** @throws NmpError FRAME_SIZE if the result is longer than a host should be given */
export function release(
  gateway: Gateway,
  answer: Answer,
  call: { readonly peer: string; readonly capability: string; readonly moduleHash: string },
): Outcome {
  const { peer, capability, moduleHash } = call;
  if ((JSON.stringify(answer.output) ?? '').length > RESULT_CHARS_MAX) {
    throw new NmpError('FRAME_SIZE');
  }
  gateway.recordRelease({ logic: moduleHash, capability: `${peer} ${capability}` }, peer);
  return {
    verdict: 'released',
    result: answer.output,
    evidence: gateway.evidence.keepAnswer(answer),
    moduleHash,
  };
}

/** A proof of execution takes minutes to an hour. */
function defaultSeconds(proofMode: string | undefined): number {
  return proofMode === undefined || proofMode === 'attested'
    ? TIMEOUT_SECONDS
    : TIMEOUT_SECONDS_MAX;
}

export function callOptions(
  scope: CallScope,
  args: { readonly timeoutSeconds?: number | undefined; readonly proofMode?: string | undefined },
): CallOptions {
  return {
    signal: scope.signal,
    timeoutMs: (args.timeoutSeconds ?? defaultSeconds(args.proofMode)) * 1000,
    onProgress: scope.onStage,
    ...(args.proofMode === undefined ? {} : { proofMode: args.proofMode }),
  };
}

/** Runs `work` now, or as a job if the host asked for that. */
export async function nowOrLater(
  gateway: Gateway,
  args: { readonly node: string; readonly background?: boolean | undefined },
  scope: CallScope,
  work: Work,
): Promise<ToolOutcome> {
  if (args.background !== true) return work(scope);
  const job = gateway.jobs.start((signal, onStage) =>
    settle(gateway, { signal, onStage }, args.node, work),
  );
  return { verdict: 'pending', job };
}
