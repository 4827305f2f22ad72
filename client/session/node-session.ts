/**
 * An attested session with one node. Opens lazily with the first call, reuses its secrets for later
 * calls, and starts anew when the node has forgotten it.
 */
import type { AttestationReport } from '../../shared/attestation/report.ts';
import type { NodeStatement } from '../../shared/attestation/statement.ts';
import { wipeSecrets } from '../../shared/crypto/key-schedule.ts';
import type { CryptoSuite } from '../../shared/crypto/suite.ts';
import { NmpError } from '../../shared/errors.ts';
import type { Clock, Random } from '../../shared/runtime.ts';
import { LogicRequest, type LogicResponse } from '../../shared/wire/codec.ts';
import { PROTOCOL } from '../../shared/wire/constants.ts';
import type { FrameChannel } from '../../shared/wire/frames.ts';
import type { WatchTrigger } from '../../shared/wire/watch.ts';
import type { ClientNode } from '../mesh/client-node.ts';
import { type CallStreamInit, exchange } from './call-stream.ts';
import { type ElicitedSession, type Evidence, elicit, type NodePeer } from './elicit.ts';
import { openWatch, type WatchStream } from './watch-stream.ts';

/** Judges evidence; throws the NmpError of the first failed check. */
export type Judge = (evidence: Evidence, node: NodePeer) => Promise<AttestationReport>;

export interface NodeSessionComponents {
  readonly mesh: ClientNode;
  readonly suite: CryptoSuite;
  readonly random: Random;
  readonly clock: Clock;
  readonly judge: Judge;
}

/** What an answer is checked against. */
export interface Attested {
  readonly report: AttestationReport;
  readonly statement: NodeStatement;
  readonly transcript: Uint8Array;
}

interface Open extends Attested {
  readonly session: ElicitedSession;
  readonly expiresAtMs: number;
  nextStream: bigint;
}

export interface CallOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (stage: number) => void;
}

/** A session is left this long before the node would end it. */
const EXPIRY_MARGIN_MS = 5_000;

/** The node gives up a handshake whose first request does not come within 10 s. */
const PREPARED_MS = 5_000;

/** What is done with a stream that is ready for its opener. */
type Use<T> = (
  components: {
    readonly suite: CryptoSuite;
    readonly frames: FrameChannel;
    readonly clock: Clock;
  },
  init: CallStreamInit,
  request: Partial<LogicRequest>,
) => Promise<T>;

/** A handshake up to M2, judged; its stream waits for the first request. */
interface Prepared {
  readonly frames: FrameChannel;
  readonly open: Open;
}

function discard({ frames, open }: Prepared): void {
  wipeSecrets(open.session.secrets);
  frames.abort(new NmpError('INTERRUPTED'));
}

export class NodeSession {
  readonly node: NodePeer;
  readonly #components: NodeSessionComponents;
  #opening: Promise<Open> | undefined;
  #prepared: { readonly sinceMs: number; readonly handshake: Promise<Prepared> } | undefined;

  constructor(components: NodeSessionComponents, node: NodePeer) {
    this.#components = components;
    this.node = node;
  }

  /**
   * Sends one sealed request and returns the sealed answer with what it must be checked against.
   * A session that the node no longer knows is opened anew once, and the request says where it was
   * sent before: a node that took it there refuses it.
   * @throws NmpError of transport, handshake and attestation
   */
  async call(
    request: Partial<LogicRequest>,
    options: CallOptions,
  ): Promise<{ response: LogicResponse; attested: Attested }> {
    return this.#use(request, options.signal, (components, init, sealed) =>
      exchange(components, init, sealed, options),
    );
  }

  /**
   * Leaves a watchdog with the node and returns its stream, open and granted.
   * @param signal for the opening alone
   * @throws NmpError of transport, handshake and attestation; WATCH_*
   */
  async watch(
    request: Partial<LogicRequest> & { readonly watch: WatchTrigger },
    signal: AbortSignal,
  ): Promise<{ response: WatchStream; attested: Attested }> {
    return this.#use(request, signal, (components, init, sealed) =>
      openWatch(components, init, { ...sealed, watch: request.watch }, { signal }),
    );
  }

  async #use<T>(
    request: Partial<LogicRequest>,
    signal: AbortSignal,
    use: Use<T>,
  ): Promise<{ response: T; attested: Attested }> {
    const fresh = await this.#firstCall(request, signal, use);
    if (fresh !== undefined) return fresh;
    const opening = this.#opening;
    let resent: LogicRequest['resent'];
    try {
      return await this.#laterCall(request, signal, use, (sent) => {
        resent = sent;
      });
    } catch (error) {
      if (!(error instanceof NmpError) || error.code !== 'SESSION_UNKNOWN') throw error;
      // Another call may have opened a newer one meanwhile.
      if (this.#opening === opening) this.close();
      // No session key protects that word; the node makes sure that nothing runs twice.
      const again = resent === undefined ? request : { ...request, resent };
      return (
        (await this.#firstCall(again, signal, use)) ?? (await this.#laterCall(again, signal, use))
      );
    }
  }

  /**
   * Starts the handshake while the first request is still being put together; `call` takes it up.
   * Its failure is thrown there.
   */
  prepare(signal: AbortSignal): void {
    if (this.#opening !== undefined || this.#prepared !== undefined) return;
    const handshake = this.#handshake(signal);
    handshake.catch(() => undefined);
    this.#prepared = { sinceMs: this.#components.clock.monotonicMs(), handshake };
  }

  /**
   * Has the node prove itself: resolves when a session is open or a handshake judged, which the next
   * call takes up.
   * @throws NmpError of transport, handshake and attestation
   */
  async ready(signal: AbortSignal): Promise<void> {
    const current = await this.#opening?.catch(() => undefined);
    if (current !== undefined && this.#components.clock.monotonicMs() < current.expiresAtMs) return;
    this.prepare(signal);
    await this.#prepared?.handshake;
  }

  /**
   * Has the node present evidence for a nonce of ours, and lets it go again.
   * @throws NmpError of transport, handshake, and what `judge` throws
   */
  async attest(judge: Judge, signal: AbortSignal): Promise<void> {
    const { mesh, suite, random } = this.#components;
    const frames = await mesh.open(this.node.id, PROTOCOL.elicit, signal);
    try {
      const { secrets } = await elicit(
        { suite, random },
        {
          identity: mesh.identity,
          node: this.node,
          capability: '',
          judge: async (evidence) => {
            await judge(evidence, this.node);
          },
        },
        frames,
        signal,
      );
      wipeSecrets(secrets);
    } finally {
      frames.abort(new NmpError('INTERRUPTED'));
    }
  }

  close(): void {
    this.#takePrepared().then(
      (prepared) => prepared && discard(prepared),
      () => undefined,
    );
    const opening = this.#opening;
    this.#opening = undefined;
    opening?.then(
      ({ session }) => wipeSecrets(session.secrets),
      () => undefined,
    );
  }

  /** Handshake and call in one flight; undefined if a session is open or being opened. */
  async #firstCall<T>(request: Partial<LogicRequest>, signal: AbortSignal, use: Use<T>) {
    const current = await this.#opening?.catch(() => undefined);
    if (current !== undefined && this.#components.clock.monotonicMs() < current.expiresAtMs) {
      return undefined;
    }
    if (current !== undefined) this.close();
    if (this.#opening !== undefined) return undefined;
    const { suite, clock } = this.#components;
    const opened = Promise.withResolvers<Open>();
    // Others wait for the handshake through this promise; its failure is thrown below.
    opened.promise.catch(() => undefined);
    this.#opening = opened.promise;
    let frames: FrameChannel | undefined;
    try {
      const prepared = (await this.#takePrepared()) ?? (await this.#handshake(signal));
      frames = prepared.frames;
      const { open } = prepared;
      opened.resolve(open);
      const { session } = open;
      const response = await use(
        { suite, frames, clock },
        { secrets: session.secrets, stream: 0n, opener: session.opener },
        { ...request, clientSignature: Uint8Array.from(session.clientSignature) },
      );
      return { response, attested: open };
    } catch (error) {
      const failure = error instanceof Error ? error : new NmpError('INTERNAL');
      opened.reject(failure);
      // A session whose first request did not arrive is not known to be confirmed.
      if (this.#opening === opened.promise) this.close();
      frames?.abort(failure);
      throw error;
    }
  }

  /** What `prepare` began, if it is still of use. @throws NmpError what the handshake threw */
  async #takePrepared(): Promise<Prepared | undefined> {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    if (prepared === undefined) return undefined;
    if (this.#components.clock.monotonicMs() - prepared.sinceMs < PREPARED_MS) {
      return prepared.handshake;
    }
    prepared.handshake.then(discard, () => undefined);
    return undefined;
  }

  async #handshake(signal: AbortSignal): Promise<Prepared> {
    const frames = await this.#components.mesh.open(this.node.id, PROTOCOL.elicit, signal);
    try {
      return { frames, open: await this.#elicit(frames, signal) };
    } catch (error) {
      frames.abort(error instanceof Error ? error : new NmpError('INTERNAL'));
      throw error;
    }
  }

  async #elicit(frames: FrameChannel, signal: AbortSignal): Promise<Open> {
    const { suite, random, mesh, clock, judge } = this.#components;
    let judged: { report: AttestationReport; statement: NodeStatement } | undefined;
    const session = await elicit(
      { suite, random },
      {
        identity: mesh.identity,
        node: this.node,
        capability: '',
        judge: async (evidence) => {
          judged = {
            report: await judge(evidence, this.node),
            statement: evidence.statement,
          };
        },
      },
      frames,
      signal,
    );
    if (judged === undefined) throw new NmpError('INTERNAL');
    return {
      ...judged,
      session,
      transcript: session.transcript,
      expiresAtMs: clock.monotonicMs() + session.ttlMs - EXPIRY_MARGIN_MS,
      nextStream: 1n,
    };
  }

  async #laterCall<T>(
    request: Partial<LogicRequest>,
    signal: AbortSignal,
    use: Use<T>,
    onStream?: (sent: NonNullable<LogicRequest['resent']>) => void,
  ) {
    const { mesh, suite, clock } = this.#components;
    const open = await this.#opening;
    if (open === undefined) throw new NmpError('SESSION_UNKNOWN');
    const stream = open.nextStream++;
    const { token, secrets } = open.session;
    onStream?.({ sessionToken: token, stream });
    const frames = await mesh.open(this.node.id, PROTOCOL.call, signal);
    try {
      const response = await use(
        { suite, frames, clock },
        { secrets, stream, opener: LogicRequest.encode({ sessionToken: token, stream }) },
        request,
      );
      return { response, attested: open };
    } catch (error) {
      frames.abort(error instanceof Error ? error : new NmpError('INTERNAL'));
      throw error;
    }
  }
}
