import { describe, expect, it, vi } from 'vitest';
import { createLog, LOG_EVENTS, type LogEvent, logRelay } from '../../../parent/log.ts';
import { RelayMetrics } from '../../../parent/metrics/relay-metrics.ts';
import { ManualClock } from '../../support/clock.ts';

function logged(level: 'debug' | 'info' | 'warn' | 'error') {
  const lines: string[] = [];
  const clock = new ManualClock(Date.UTC(2026, 0, 2, 3, 4, 5));
  return { lines, log: createLog({ clock, write: (line) => lines.push(line) }, level) };
}

describe("the parent's log", () => {
  it('is one JSON object a line', () => {
    const { lines, log } = logged('info');
    log('enclave.exit', { enclave: 1, code: null, restartInMs: 500 });
    expect(lines).toEqual([
      '{"at":"2026-01-02T03:04:05.000Z","level":"error","event":"enclave.exit","enclave":1,"code":null,"restartInMs":500}\n',
    ]);
  });

  it('holds what its level lets through', () => {
    const events = Object.keys(LOG_EVENTS) as LogEvent[];
    const through = (level: 'debug' | 'info' | 'warn' | 'error') => {
      const { lines, log } = logged(level);
      for (const event of events) log(event);
      return lines.map((line) => JSON.parse(line).level);
    };
    expect(through('debug').length).toBe(events.length);
    expect(through('info')).not.toContain('debug');
    expect(new Set(through('warn'))).toEqual(new Set(['warn', 'error']));
    expect(new Set(through('error'))).toEqual(new Set(['error']));
  });

  it('tells of counters only when they changed', async () => {
    const { lines, log } = logged('debug');
    const metrics = new RelayMetrics();
    const stop = logRelay(log, metrics, 5);
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(lines).toEqual([]);
    metrics.opened();
    metrics.refused();
    await vi.waitFor(() => expect(lines.length).toBe(2));
    await new Promise((resolve) => setTimeout(resolve, 40));
    stop();
    expect(lines.map((line) => JSON.parse(line).event)).toEqual([
      'relay.refusing',
      'relay.counters',
    ]);
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ opened: 1, refused: 1, closed: 0 });
  });
});
