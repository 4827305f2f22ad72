/**
 * Virtual time. Everything that waits does so here: events run in the order of their time, then of
 * their making, and time jumps from one to the next. The event loop is only let run dry in between.
 */
import type { Clock } from '../../shared/runtime.ts';

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly action: () => void;
}

/** Start of all simulated time, milliseconds since 1970. */
export const EPOCH_MS = Date.UTC(2026, 5, 1, 12);

export class Scheduler {
  #nowMs = 0;
  #order = 0;
  #events: Event[] = [];

  /** Milliseconds since the start of the run. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** @returns what takes it back */
  after(delayMs: number, action: () => void): () => void {
    const event = { atMs: this.#nowMs + delayMs, order: this.#order++, action };
    this.#events.push(event);
    return () => {
      const at = this.#events.indexOf(event);
      if (at >= 0) this.#events.splice(at, 1);
    };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve));
  }

  /** A clock of a party that is wrong by `skewMs()`; its monotonic side is never set. */
  clock(skewMs: () => number = () => 0): Clock {
    return {
      nowMs: () => EPOCH_MS + this.#nowMs + skewMs(),
      monotonicMs: () => this.#nowMs,
    };
  }

  /** @throws Error if nothing is left to happen before `done` */
  async run(done: () => boolean): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (done()) return;
      const next = this.#take();
      if (next === undefined) throw new Error('nothing is left to happen');
      this.#nowMs = next.atMs;
      next.action();
    }
  }

  #take(): Event | undefined {
    let first = 0;
    for (const [at, event] of this.#events.entries()) {
      const best = this.#events[first] as Event;
      if (event.atMs < best.atMs || (event.atMs === best.atMs && event.order < best.order)) {
        first = at;
      }
    }
    return this.#events.splice(first, 1)[0];
  }
}

/**
 * Puts the platform's timers on virtual time for the length of `body`: the code under test asks
 * `AbortSignal.timeout` and `setTimeout`, which no clock can be handed to.
 */
export async function withVirtualTimeouts<T>(
  scheduler: Scheduler,
  body: () => Promise<T>,
): Promise<T> {
  const original = { timeout: AbortSignal.timeout, set: setTimeout, clear: clearTimeout };
  AbortSignal.timeout = (ms) => {
    const controller = new AbortController();
    scheduler.after(ms, () => controller.abort(new DOMException('timed out', 'TimeoutError')));
    return controller.signal;
  };
  const pending = new Map<unknown, () => void>();
  const later = (action: () => void, ms: number) => {
    const timer = {};
    pending.set(timer, scheduler.after(ms, action));
    return timer;
  };
  const cancel = (timer: unknown) => pending.get(timer)?.();
  Object.assign(globalThis, { setTimeout: later, clearTimeout: cancel });
  try {
    return await body();
  } finally {
    AbortSignal.timeout = original.timeout;
    Object.assign(globalThis, { setTimeout: original.set, clearTimeout: original.clear });
  }
}
