/** A watchdog's stream: one sealed request, then events until either side ends it. */
import { deriveStreamKeys } from '../../shared/crypto/key-schedule.ts';
import type { CryptoSuite } from '../../shared/crypto/suite.ts';
import { NmpError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime.ts';
import {
  decodeLogicResponse,
  type LogicRequest,
  type LogicResponse,
} from '../../shared/wire/codec.ts';
import { RESPONSE_BYTES_MAX } from '../../shared/wire/constants.ts';
import type { FrameChannel } from '../../shared/wire/frames.ts';
import { RecordReader } from '../../shared/wire/records.ts';
import { WATCH, type WatchTrigger } from '../../shared/wire/watch.ts';
import { type CallStreamInit, sendRequest } from './call-stream.ts';

export interface WatchStream {
  /** What the node granted: as asked, for no longer. */
  readonly granted: WatchTrigger;
  /**
   * The next event; its number is greater than the one before it.
   * @throws NmpError WATCH_ENDED; WATCH_SILENT; RECORD_*, FRAME_*, CONNECTION_LOST; TIMEOUT
   */
  next(signal: AbortSignal): Promise<LogicResponse>;
  /** Ends the watchdog at the node. */
  close(): void;
}

/** The node gives a sign of life every `WATCH.pulseMs`; this long without one is silence, ms. */
const SILENCE_MS = 3 * WATCH.pulseMs;

/** Reads a message; every pulse starts the time to wait anew. @throws NmpError WATCH_SILENT */
async function listen(reader: RecordReader, silenceMs: number, outer: AbortSignal) {
  const silence = new AbortController();
  const fall = () => silence.abort(new NmpError('WATCH_SILENT'));
  let timer = setTimeout(fall, silenceMs);
  const onProgress = () => {
    clearTimeout(timer);
    timer = setTimeout(fall, silenceMs);
  };
  try {
    const signal = AbortSignal.any([outer, silence.signal]);
    const message = await reader.readMessage(RESPONSE_BYTES_MAX, { onProgress, signal });
    return decodeLogicResponse(message, RESPONSE_BYTES_MAX);
  } catch (cause) {
    silence.signal.throwIfAborted();
    throw cause;
  } finally {
    clearTimeout(timer);
  }
}

function isGranted(asked: WatchTrigger, granted: WatchTrigger): boolean {
  return (
    granted.everyMs === asked.everyMs &&
    granted.events === asked.events &&
    granted.changes === asked.changes &&
    granted.ttlMs <= asked.ttlMs
  );
}

/**
 * Resolves when the node has taken the watchdog. The stream is the caller's to abort if it throws.
 * @param options.signal for the opening alone
 * @throws NmpError WATCH_TRIGGER, WATCH_LIMIT and other codes of the node; RECORD_*, FRAME_*
 */
export async function openWatch(
  components: {
    readonly suite: CryptoSuite;
    readonly frames: FrameChannel;
    readonly clock?: Clock;
  },
  init: CallStreamInit,
  request: Partial<LogicRequest> & { readonly watch: WatchTrigger },
  options: { readonly signal: AbortSignal; readonly silenceMs?: number },
): Promise<WatchStream> {
  const { frames } = components;
  const { silenceMs = SILENCE_MS } = options;
  const { stream, opener } = init;
  const keys = deriveStreamKeys(components.suite, init.secrets, stream);
  const reader = new RecordReader(components, { key: keys.nodeToClient, stream });
  const close = () => {
    frames.abort(new NmpError('INTERRUPTED'));
    reader.wipe();
  };
  try {
    const sender = { key: keys.clientToNode, stream, opener };
    const { body } = await sendRequest(components, sender, request, options.signal);
    const { watch: granted } = await listen(reader, silenceMs, options.signal);
    if (granted === undefined || !isGranted(request.watch, granted)) {
      throw new NmpError('WATCH_TRIGGER');
    }
    await body;
    let last = 0n;
    let left = granted.events;
    const next = async (signal: AbortSignal) => {
      const event = await listen(reader, silenceMs, signal);
      if (event.look === 0n) throw new NmpError('WATCH_ENDED');
      // Sealed records come in order; a node that goes back or beyond its word is not followed.
      if (event.look <= last || left === 0) throw new NmpError('WATCH_SILENT');
      last = event.look;
      left--;
      return event;
    };
    return {
      granted,
      close,
      next: async (signal) => {
        try {
          return await next(signal);
        } catch (cause) {
          close();
          throw cause;
        }
      },
    };
  } catch (cause) {
    reader.wipe();
    throw cause;
  }
}
