/** Serves the two protocols of a session: the handshake with its first call, and later calls. */
import { deriveStreamKeys } from '../../shared/crypto/key-schedule.ts';
import { NmpError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/runtime.ts';
import { decodeLogicRequest, type LogicRequest } from '../../shared/wire/codec.ts';
import { MODULE_BYTES_MAX, REQUEST_BYTES_MAX } from '../../shared/wire/constants.ts';
import type { FrameChannel } from '../../shared/wire/frames.ts';
import { RECORD, RecordReader, RecordWriter } from '../../shared/wire/records.ts';
import {
  acceptElicitation,
  type ElicitComponents,
  type ElicitInit,
  type RemotePeer,
} from './elicit.ts';
import type { Session } from './session-store.ts';
import type { Watchdogs, WatchPlace } from './watchdogs.ts';
import { within } from './within.ts';

/** What a call may know of where it came from. */
export interface CallContext {
  readonly session: Session;
  readonly signal: AbortSignal;
  /** Tells the client that the call reached a stage (one small number, nothing else). */
  readonly progress: (stage: number) => void;
}

/** Answers one request with an encoded `LogicResponse`; refusals included, it does not throw. */
export type CallHandler = (request: LogicRequest, context: CallContext) => Promise<Uint8Array>;

export interface ServeComponents extends ElicitComponents {
  readonly clock: Clock;
  readonly calls: CallHandler;
  /** Where watchdogs are left; absent: none is taken. */
  readonly watchdogs?: Watchdogs;
}

/** A call is reported on from then on. */
const PROGRESS_AFTER_MS = 100;
/** From M1 to M3. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** From the opener of a call to the last byte of its request. */
const REQUEST_TIMEOUT_MS = 60_000;
/** From the answer to its last byte taken by the client. */
const RESPONSE_TIMEOUT_MS = 60_000;
/** The opener of a later call holds a token and a number. */
const OPENER_BYTES_MAX = 64;

async function answer(
  components: Pick<ServeComponents, 'suite' | 'calls' | 'clock' | 'watchdogs' | 'sessions'>,
  frames: FrameChannel,
  call: {
    readonly session: Session;
    readonly ended: AbortSignal;
    readonly stream: bigint;
    readonly confirm?: (request: LogicRequest) => void;
  },
  signal: AbortSignal,
): Promise<void> {
  const { suite, calls, clock, watchdogs, sessions } = components;
  const keys = deriveStreamKeys(suite, call.session.secrets, call.stream);
  const { stream } = call;
  const reader = new RecordReader({ suite, frames }, { key: keys.clientToNode, stream });
  const writer = new RecordWriter({ suite, frames, clock }, { key: keys.nodeToClient, stream });
  let place: WatchPlace | undefined;
  const check = (head: LogicRequest) => {
    call.confirm?.(head);
    const { resent } = head;
    if (resent !== undefined) {
      sessions.useUp(resent.sessionToken, call.session.peer, resent.stream);
    }
    if (head.watch === undefined) return;
    if (watchdogs === undefined) throw new NmpError('WATCH_LIMIT');
    place = watchdogs.admit(call.session.peer, head);
  };
  try {
    const request = await within(signal, REQUEST_TIMEOUT_MS, (inTime) =>
      readRequest(reader, check, inTime),
    );
    if (place !== undefined && watchdogs !== undefined) {
      const alive = AbortSignal.any([signal, call.ended]);
      await watchdogs.serve(place, request, call.session, writer, alive);
      await frames.close();
      return;
    }
    let sending: Promise<void> = Promise.resolve();
    const startedMs = clock.monotonicMs();
    const progress = (stage: number) => {
      // A call that is answered at once needs no reports.
      if (clock.monotonicMs() - startedMs < PROGRESS_AFTER_MS) return;
      sending = sending
        .then(() => writer.write(RECORD.progress, Uint8Array.of(stage), signal))
        .catch(() => undefined);
    };
    const response = await calls(request, { session: call.session, signal, progress });
    // A client that does not read holds no answer here for ever.
    await within(signal, RESPONSE_TIMEOUT_MS, async (inTime) => {
      await sending;
      await writer.writeMessage(response, inTime);
    });
    await frames.close();
  } finally {
    place?.release();
    reader.wipe();
    writer.wipe();
  }
}

/**
 * Takes the request and, if it is announced, the module behind it: into one buffer, once.
 * @throws NmpError FRAME_SIZE, FRAME_MALFORMED, and what `check` throws, before the module is read
 */
async function readRequest(
  reader: RecordReader,
  check: (head: LogicRequest) => void,
  signal: AbortSignal,
): Promise<LogicRequest> {
  const message = await reader.readMessage(REQUEST_BYTES_MAX, { signal });
  const request = decodeLogicRequest(message, REQUEST_BYTES_MAX);
  check(request);
  const { moduleBytes } = request;
  if (moduleBytes === 0) return request;
  if (moduleBytes > MODULE_BYTES_MAX) throw new NmpError('FRAME_SIZE');
  if (request.wasmBinary.length > 0) throw new NmpError('FRAME_MALFORMED');
  const module = new Uint8Array(moduleBytes);
  let at = 0;
  for await (const part of reader.readBody(moduleBytes, { signal })) {
    module.set(part, at);
    at += part.length;
  }
  if (at !== moduleBytes) throw new NmpError('FRAME_MALFORMED');
  return { ...request, wasmBinary: module };
}

/** Serves `/nmp/elicit/1.0.0`. @throws NmpError; the caller aborts the stream */
export async function serveElicit(
  components: ServeComponents,
  init: ElicitInit,
  peer: RemotePeer,
  frames: FrameChannel,
  signal: AbortSignal,
): Promise<void> {
  const pending = await within(signal, HANDSHAKE_TIMEOUT_MS, (inTime) =>
    acceptElicitation(components, init, peer, frames, inTime),
  );
  const { session, ended, release } = components.sessions.enter(pending.session.token, peer.id, 0n);
  try {
    const { confirm } = pending;
    await answer(components, frames, { session, ended, stream: 0n, confirm }, signal);
  } finally {
    release();
  }
}

/** Serves `/nmp/call/1.0.0`. @throws NmpError; the caller aborts the stream */
export async function serveCall(
  components: ServeComponents,
  peer: RemotePeer,
  frames: FrameChannel,
  signal: AbortSignal,
): Promise<void> {
  const first = await within(signal, HANDSHAKE_TIMEOUT_MS, (inTime) => frames.read(inTime));
  const opener = decodeLogicRequest(first, OPENER_BYTES_MAX);
  if (opener.stream === 0n) throw new NmpError('SESSION_REPLAY');
  const { session, ended, release } = components.sessions.enter(
    opener.sessionToken,
    peer.id,
    opener.stream,
  );
  try {
    await answer(components, frames, { session, ended, stream: opener.stream }, signal);
  } finally {
    release();
  }
}
