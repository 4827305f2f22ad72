/**
 * NATS: offers wait in a work queue of JetStream, each given to one prover at a time and to another
 * when it was not settled in time; messages between two boxes are plain ones. Names are random, bodies
 * are sealed or public: NATS sees no more than the parent does.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import {
  AckPolicy,
  DiscardPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
} from '@nats-io/jetstream';
import { connect, credsAuthenticator, type NatsConnection, nanos } from '@nats-io/transport-node';
import { NmpError } from '../../shared/errors.ts';
import { LINK_BODY_BYTES_MAX } from '../../shared/wire/job-link.ts';
import type { JobBus, OfferHandle } from './job-bus.ts';

export interface NatsInit {
  /** `nats://…` or `tls://…`, one or several with commas between them. */
  readonly servers: string;
  /** A credentials file as `nsc` writes it. */
  readonly credentials?: string;
  /** An offer that its prover has not been heard of for so long is given to another. */
  readonly leaseMs: number;
}

const STREAM = 'nmp-proof-offers';
const OFFERS = 'nmp.proof.offers';
const BOXES = 'nmp.proof.box.';
const PROVERS = 'provers';
/** Offers waiting in all; the next ones are refused, and offered anew by their nodes. */
const OFFERS_MAX = 1_024;
const OFFER_BYTES_MAX = 1_024;
const OFFER_AGE_MS = 60 * 60_000;
/** Provers that get one offer, one after another. */
const DELIVERIES_MAX = 5;
const AGAIN_DELAY_MS = 1_000;
const TAKE_MS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;

async function prepare(manager: JetStreamManager, leaseMs: number): Promise<void> {
  await manager.streams.add({
    name: STREAM,
    subjects: [OFFERS],
    retention: RetentionPolicy.Workqueue,
    discard: DiscardPolicy.New,
    max_msgs: OFFERS_MAX,
    max_msg_size: OFFER_BYTES_MAX,
    max_age: nanos(OFFER_AGE_MS),
  });
  const ackWait = nanos(leaseMs);
  try {
    const { config } = await manager.consumers.info(STREAM, PROVERS);
    // Parents with other leases share the queue: the longest counts.
    if ((config.ack_wait ?? 0) >= ackWait) return;
    await manager.consumers.update(STREAM, PROVERS, { ack_wait: ackWait });
  } catch {
    await manager.consumers.add(STREAM, {
      durable_name: PROVERS,
      ack_policy: AckPolicy.Explicit,
      ack_wait: ackWait,
      max_deliver: DELIVERIES_MAX,
    });
  }
}

class NatsBus implements JobBus {
  readonly #connection: NatsConnection;
  readonly #stream: JetStreamClient;
  readonly #manager: JetStreamManager;

  constructor(connection: NatsConnection, manager: JetStreamManager) {
    this.#connection = connection;
    this.#manager = manager;
    this.#stream = jetstream(connection);
  }

  async offer(body: Uint8Array): Promise<() => void> {
    const { seq } = await this.#stream.publish(OFFERS, body);
    return () => void this.#manager.streams.deleteMessage(STREAM, seq).catch(() => undefined);
  }

  send(box: string, body: Uint8Array): void {
    this.#connection.publish(BOXES + box, body);
  }

  listen(box: string, onBody: (body: Uint8Array) => void): () => void {
    const subscription = this.#connection.subscribe(BOXES + box, {
      callback: (error, message) => {
        if (error === null && message.data.length <= LINK_BODY_BYTES_MAX) onBody(message.data);
      },
    });
    return () => subscription.unsubscribe();
  }

  async take(signal: AbortSignal): Promise<OfferHandle | undefined> {
    while (!signal.aborted) {
      try {
        const consumer = await this.#stream.consumers.get(STREAM, PROVERS);
        const message = await consumer.next({ expires: TAKE_MS });
        if (message === null) continue;
        if (!signal.aborted) return handleOf(message);
        message.nak();
      } catch {
        // Without a server, or with one that forgot its streams: asked again.
        await pause(AGAIN_DELAY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
    return undefined;
  }

  async stop(): Promise<void> {
    await this.#connection.close();
  }
}

function handleOf(message: JsMsg): OfferHandle {
  return {
    body: message.data,
    working: () => message.working(),
    done: () => message.ack(),
    again: () => message.nak(AGAIN_DELAY_MS),
  };
}

/** @throws NmpError JOBS_UNREACHABLE */
export async function connectNats({ servers, credentials, leaseMs }: NatsInit): Promise<JobBus> {
  let connection: NatsConnection | undefined;
  try {
    connection = await connect({
      servers: servers.split(','),
      maxReconnectAttempts: -1,
      timeout: CONNECT_TIMEOUT_MS,
      ...(credentials === undefined
        ? {}
        : { authenticator: credsAuthenticator(await readFile(credentials)) }),
    });
    const manager = await jetstreamManager(connection);
    await prepare(manager, leaseMs);
    return new NatsBus(connection, manager);
  } catch (cause) {
    await connection?.close();
    throw new NmpError('JOBS_UNREACHABLE', undefined, { cause });
  }
}
