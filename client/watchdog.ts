/** Watchdogs: one attests a node again and again, the other is logic left with the node. */
import type { AttestationReport } from '../shared/attestation/report.ts';
import { NmpError } from '../shared/errors.ts';
import type { Answer } from './nmp-client.ts';
import type { WatchFeed } from './watch.ts';

export interface WatchdogEvent {
  readonly name: string;
  readonly peer: string;
  /** Absent if the node could not be asked. */
  readonly report?: AttestationReport;
  /** What the logic left with the node gave at this look; it passed every check. */
  readonly answer?: Answer;
  /** Number of the look, from 1. */
  readonly look?: bigint;
  /** A look that was refused; with `ended`, why nothing more will come. */
  readonly error?: NmpError;
  readonly ended?: true;
}

export interface Watchdog {
  readonly name: string;
  stop(): void;
}

function coded(cause: unknown): NmpError {
  return cause instanceof NmpError ? cause : new NmpError('INTERNAL', undefined, { cause });
}

/** Both signals, or the one there is. */
function stoppable(outer: AbortSignal | undefined) {
  const controller = new AbortController();
  const { signal } = controller;
  return {
    stop: () => controller.abort(new NmpError('INTERRUPTED')),
    signal: outer === undefined ? signal : AbortSignal.any([signal, outer]),
  };
}

/**
 * Logic that stays with the node: passes on its events until it ends there, is stopped, or one does
 * not hold; the last event says which, unless it was stopped.
 */
export function followWatchdog(
  init: { readonly name: string; readonly peer: string; readonly signal: AbortSignal | undefined },
  deploy: (signal: AbortSignal) => Promise<WatchFeed>,
  tell: (event: WatchdogEvent) => void,
): Watchdog {
  const { name, peer } = init;
  const { signal, stop } = stoppable(init.signal);
  const follow = async () => {
    let feed: WatchFeed | undefined;
    try {
      feed = await deploy(signal);
      for (;;) {
        const { look, answer, refusal } = await feed.next(signal);
        signal.throwIfAborted();
        if (answer !== undefined) tell({ name, peer, look, answer, report: answer.report });
        else if (refusal !== undefined) tell({ name, peer, look, error: refusal });
      }
    } catch (cause) {
      feed?.close();
      if (!signal.aborted) tell({ name, peer, error: coded(cause), ended: true });
    }
  };
  void follow();
  return { name, stop };
}

/**
 * @param tell is called after each look, also when all is well
 * @param sleep rejects when its signal fires
 */
export function startWatchdog(
  init: {
    readonly name: string;
    readonly peer: string;
    readonly intervalMs: number;
    readonly signal: AbortSignal | undefined;
  },
  components: {
    readonly attest: (signal: AbortSignal) => Promise<AttestationReport>;
    readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  },
  tell: (event: WatchdogEvent) => void,
): Watchdog {
  const { name, peer, intervalMs } = init;
  const { signal, stop } = stoppable(init.signal);
  const watch = async () => {
    while (!signal.aborted) {
      try {
        const report = await components.attest(signal);
        if (!signal.aborted) tell({ name, peer, report });
      } catch (cause) {
        if (!signal.aborted) tell({ name, peer, error: coded(cause) });
      }
      await components.sleep(intervalMs, signal).catch(() => undefined);
    }
  };
  void watch();
  return { name, stop };
}
