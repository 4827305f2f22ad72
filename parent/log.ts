/**
 * The parent's log: one JSON object a line on stderr, of a closed set of events with fields of a
 * closed set. Numbers, codes and its own addresses; no payload, no Peer ID of a client, no text that
 * anybody else chose.
 */
import type { Clock } from '../shared/runtime.ts';
import type { RelayMetrics } from './metrics/relay-metrics.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Every event with its level. */
export const LOG_EVENTS = {
  'relay.listening': 'info',
  'relay.counters': 'debug',
  'relay.refusing': 'warn',
  'relay.unreachable': 'warn',
  'enclave.ready': 'info',
  'enclave.exit': 'error',
  'enclave.stopped': 'info',
  'parent.draining': 'info',
  'parent.stopping': 'info',
} as const satisfies Record<string, LogLevel>;
export type LogEvent = keyof typeof LOG_EVENTS;

export interface LogFields {
  /** Which of several enclaves, from 0. */
  readonly enclave?: number;
  readonly port?: number;
  readonly mode?: 'local' | 'qemu' | 'nitro';
  readonly code?: number | null;
  readonly restartInMs?: number;
  readonly timeoutMs?: number;
  readonly opened?: number;
  readonly closed?: number;
  readonly refused?: number;
  readonly enclaveUnreachable?: number;
  readonly bytesIn?: number;
  readonly bytesOut?: number;
}

export type Log = (event: LogEvent, fields?: LogFields) => void;

/** @param write takes one line with its end */
export function createLog(
  components: { readonly clock: Clock; readonly write: (line: string) => void },
  level: LogLevel,
): Log {
  const least = LOG_LEVELS.indexOf(level);
  return (event, fields = {}) => {
    const of = LOG_EVENTS[event];
    if (LOG_LEVELS.indexOf(of) < least) return;
    const at = new Date(components.clock.nowMs()).toISOString();
    components.write(`${JSON.stringify({ at, level: of, event, ...fields })}\n`);
  };
}

const LOOK_MS = 10_000;

/** Looks at the counters now and then, and logs what changed. */
export function logRelay(log: Log, metrics: RelayMetrics, everyMs: number = LOOK_MS): () => void {
  let last = metrics.snapshot();
  const look = () => {
    const now = metrics.snapshot();
    const { refused, enclaveUnreachable } = now;
    if (refused > last.refused) log('relay.refusing', { refused });
    if (enclaveUnreachable > last.enclaveUnreachable) {
      log('relay.unreachable', { enclaveUnreachable });
    }
    if (JSON.stringify(now) !== JSON.stringify(last)) log('relay.counters', { ...now });
    last = now;
  };
  const timer = setInterval(look, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
