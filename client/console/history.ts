/** Calls over time, from an audit file: counts per code in equal spans. */

/** Spans of a bucket, ms; the first that needs no more than `BUCKETS_MAX` is taken. */
const SPANS_MS = [60_000, 600_000, 3_600_000, 21_600_000, 86_400_000, 604_800_000] as const;
const BUCKETS_MAX = 96;
/** Codes drawn by name; the rarer ones are added up. */
const CODES_MAX = 6;
export const OTHER_CODES = 'OTHER';

export interface CallEvent {
  readonly code: string;
  /** ISO 8601. */
  readonly at: string;
}

export interface CallSeries {
  readonly code: string;
  /** Calls in each span, as long as `startsMs`. */
  readonly counts: readonly number[];
}

export interface CallHistory {
  readonly spanMs: number;
  /** Start of each span, ms since the epoch, rising, without gaps. */
  readonly startsMs: readonly number[];
  /** Most frequent first. */
  readonly series: readonly CallSeries[];
}

/** @param events in any order; those older than `BUCKETS_MAX` weeks before the newest are left out */
export function historyOf(events: readonly CallEvent[]): CallHistory {
  const times = events.map(({ at }) => Date.parse(at));
  if (times.length === 0) return { spanMs: SPANS_MS[0], startsMs: [], series: [] };
  // Not spread into Math.max: an audit file may hold a million lines.
  const last = times.reduce((most, time) => Math.max(most, time), 0);
  const first = times.reduce((least, time) => Math.min(least, time), last);
  const count = (spanMs: number) => Math.floor(last / spanMs) - Math.floor(first / spanMs) + 1;
  const spanMs = SPANS_MS.find((span) => count(span) <= BUCKETS_MAX) ?? 604_800_000;
  const buckets = Math.min(count(spanMs), BUCKETS_MAX);
  const start = Math.floor(last / spanMs) - buckets + 1;

  const totals = new Map<string, number>();
  for (const { code } of events) totals.set(code, (totals.get(code) ?? 0) + 1);
  const named = [...totals]
    .toSorted(([a, m], [b, n]) => n - m || a.localeCompare(b))
    .map(([code]) => code);
  const shown = named.slice(0, named.length > CODES_MAX ? CODES_MAX - 1 : CODES_MAX);
  const names = shown.length < named.length ? [...shown, OTHER_CODES] : shown;
  const counts = new Map(names.map((code) => [code, new Array<number>(buckets).fill(0)]));
  events.forEach(({ code }, i) => {
    const row = counts.get(code) ?? counts.get(OTHER_CODES);
    const at = Math.floor((times[i] ?? 0) / spanMs) - start;
    if (row !== undefined && at >= 0) row[at] = (row[at] ?? 0) + 1;
  });
  return {
    spanMs,
    startsMs: Array.from({ length: buckets }, (_, i) => (start + i) * spanMs),
    series: [...counts].map(([code, row]) => ({ code, counts: row })),
  };
}
