/**
 * Refusals that logic can bring about leave at steps of time counted from the start of the call:
 * when it trapped, or how long its answer took to be judged, would tell of the records bit by bit.
 */
import type { ErrorCode } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime.ts';
import { isChosenByLogic } from '../../shared/wire/chosen-by-logic.ts';

export const REFUSAL_STEP_MS = 100;

export interface CoarseClockComponents {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Rejects when the signal fires. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Waits until the refusal may leave; not at all for what logic cannot choose, or once nobody waits. */
export async function waitForStep(
  { clock, sleep }: CoarseClockComponents,
  refusal: { readonly code: ErrorCode; readonly startedMs: number },
  signal: AbortSignal,
): Promise<void> {
  if (!isChosenByLogic(refusal.code)) return;
  const elapsedMs = Math.max(0, clock.monotonicMs() - refusal.startedMs);
  await sleep(REFUSAL_STEP_MS - (elapsedMs % REFUSAL_STEP_MS), signal).catch((cause: unknown) => {
    if (!signal.aborted) throw cause;
  });
}
