/** The events of a watchdog that was left with a node, each judged like the answer of a call. */
import type { CryptoSuite } from '../shared/crypto/suite.ts';
import type { CapabilityDescription } from '../shared/policy/capability.ts';
import { lookNonce, WATCH, type WatchTrigger } from '../shared/wire/watch.ts';
import type { Answer } from './nmp-client.ts';
import { type Logic, released } from './one-call.ts';
import { RefusedError } from './refused-error.ts';
import type { Attested } from './session/node-session.ts';
import type { WatchStream } from './session/watch-stream.ts';

export interface WatchOptions {
  /** Pause between looks, 1 s to 1 h; default: 60 s. */
  readonly everyMs?: number;
  /** Ends after so many events, 1 to 3,600; default: 3,600. */
  readonly events?: number;
  /** Ends after this long, or with its session; at most 1 h, the default. */
  readonly ttlMs?: number;
  /** Only answers that differ from the one before. */
  readonly changes?: boolean;
}

/** One look of the module that is worth telling: an answer that passed every check, or a refusal. */
export interface WatchedLook {
  /** Number of the look, from 1; looks that told nothing new are left out. */
  readonly look: bigint;
  readonly answer?: Answer;
  readonly refusal?: RefusedError;
}

export interface WatchFeed {
  readonly granted: WatchTrigger;
  /**
   * @throws NmpError WATCH_ENDED when all was told; CERTIFICATE_* and others end it
   */
  next(signal: AbortSignal): Promise<WatchedLook>;
  /** Takes the watchdog away from the node. */
  close(): void;
}

export function triggerOf(options: WatchOptions): WatchTrigger {
  const { everyMs = 60_000, events = WATCH.eventsMax, ttlMs = WATCH.ttlMsMax } = options;
  return { everyMs, events, ttlMs, changes: options.changes ?? false };
}

export function watchFeed(
  suite: CryptoSuite,
  { response: stream, attested }: { readonly response: WatchStream; readonly attested: Attested },
  asked: {
    readonly capability: CapabilityDescription;
    readonly logic: Logic;
    readonly requestNonce: Uint8Array;
  },
): WatchFeed {
  return {
    granted: stream.granted,
    close: () => stream.close(),
    async next(signal) {
      const response = await stream.next(signal);
      const { look } = response;
      try {
        const requestNonce = lookNonce(suite, asked.requestNonce, look);
        return {
          look,
          answer: released(suite, { response, attested }, { ...asked, requestNonce }),
        };
      } catch (cause) {
        // A refusal is an event; an answer that does not hold is the end.
        if (cause instanceof RefusedError) return { look, refusal: cause };
        stream.close();
        throw cause;
      }
    },
  };
}
