/** Attests a node again and again, and tells what it finds. */
import type { AttestationReport } from '../shared/attestation/report.ts';
import { NmpError } from '../shared/errors.ts';

export interface WatchdogEvent {
  readonly name: string;
  readonly peer: string;
  /** Absent if the node could not be asked. */
  readonly report?: AttestationReport;
  readonly error?: NmpError;
}

export interface Watchdog {
  readonly name: string;
  stop(): void;
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
  const controller = new AbortController();
  const signal =
    init.signal === undefined
      ? controller.signal
      : AbortSignal.any([controller.signal, init.signal]);
  const watch = async () => {
    while (!signal.aborted) {
      try {
        const report = await components.attest(signal);
        if (!signal.aborted) tell({ name, peer, report });
      } catch (cause) {
        const error =
          cause instanceof NmpError ? cause : new NmpError('INTERNAL', undefined, { cause });
        if (!signal.aborted) tell({ name, peer, error });
      }
      await components.sleep(intervalMs, signal).catch(() => undefined);
    }
  };
  void watch();
  return { name, stop: () => controller.abort() };
}
