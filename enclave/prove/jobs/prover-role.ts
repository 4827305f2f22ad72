/**
 * An enclave in the role of a prover: takes offers, one at a time, and proves for nodes whose document
 * has held. It keeps nothing of a request beyond its proof.
 */
import { toBase64Url } from '../../../shared/bytes.ts';
import { NmpError } from '../../../shared/errors.ts';
import { RECORD } from '../../../shared/wire/records.ts';
import { type MutualChannel, type MutualComponents, respondMutual } from '../../attest/mutual.ts';
import type { Prover } from '../prover.ts';
import { PROVER_REQUEST_BYTES_MAX } from '../prover-request.ts';
import { BOX_BYTES, BoxFrames, openBoxMessage } from './box-frames.ts';
import type { Box, JobBroker, Taken } from './broker.ts';
import { createLease } from './lease.ts';
import { decodeOffer, type JobOffer } from './offer.ts';
import { encodeFailure, encodeReceipt } from './result.ts';

export interface ProverRoleComponents extends MutualComponents {
  readonly broker: JobBroker;
  readonly prover: Prover;
}

export interface ProverRoleInit {
  /** A node that waits so long without a word gives the job to another. */
  readonly leaseMs: number;
}

/** Longest wait for the node's proof of what it is. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;
const BEATS_PER_LEASE = 3;

/** A node that is itself gone, or has no more use for the proof. */
class Unwanted extends Error {}

function offerOf({ offer }: Taken): JobOffer | undefined {
  try {
    return decodeOffer(offer);
  } catch {
    return undefined;
  }
}

class ProverRole {
  readonly #components: ProverRoleComponents;
  readonly #init: ProverRoleInit;

  constructor(components: ProverRoleComponents, init: ProverRoleInit) {
    this.#components = components;
    this.#init = init;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const taken = await this.#components.broker.take(signal).catch(() => undefined);
      if (taken !== undefined) await this.#serve(taken, signal);
    }
  }

  async #serve(taken: Taken, stopped: AbortSignal): Promise<void> {
    const { broker, random } = this.#components;
    const offer = offerOf(taken);
    if (offer === undefined) {
      taken.done();
      return;
    }
    const own = Uint8Array.from(random.bytes(BOX_BYTES));
    const box = broker.open(toBase64Url(own));
    const frames = new BoxFrames(broker, own, offer.box);
    // The job comes in the same flight as its node's proof; there is one at a time.
    frames.widen();
    const over = new AbortController();
    const signal = AbortSignal.any([stopped, over.signal]);
    void this.#sort(box, offer, frames, signal);
    try {
      await this.#prove(taken, offer, frames, signal);
    } finally {
      over.abort();
      box.close();
    }
  }

  async #sort(box: Box, offer: JobOffer, frames: BoxFrames, signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        const message = openBoxMessage(await box.next(signal));
        if (message?.from === offer.box) frames.push(message.frame);
      }
    } catch {
      frames.abort(new NmpError('CONNECTION_LOST'));
    }
  }

  async #prove(
    taken: Taken,
    offer: JobOffer,
    frames: BoxFrames,
    signal: AbortSignal,
  ): Promise<void> {
    let channel: MutualChannel | undefined;
    let request: Uint8Array | undefined;
    try {
      const within = (ms: number) => AbortSignal.any([signal, AbortSignal.timeout(ms)]);
      const init = { purpose: 'nmp-job/v1', hello: taken.offer, helloNonce: offer.nonce } as const;
      // An offer whose node is gone keeps a prover no longer than that.
      const shaking = within(Math.min(HANDSHAKE_TIMEOUT_MS, this.#init.leaseMs));
      channel = await respondMutual(this.#components, init, frames, shaking);
      request = await channel.reader.readMessage(PROVER_REQUEST_BYTES_MAX, {
        signal: within(REQUEST_TIMEOUT_MS),
      });
      await this.#work(taken, channel, request, signal);
    } catch (error) {
      // Another has it: should that one fail, this offer is of use again.
      if (error instanceof NmpError && error.code === 'RECEIPT_BUSY') taken.again();
      else taken.done();
    } finally {
      request?.fill(0);
      channel?.wipe();
    }
  }

  /** @throws Unwanted */
  async #work(
    taken: Taken,
    { reader, writer }: MutualChannel,
    request: Uint8Array,
    signal: AbortSignal,
  ): Promise<void> {
    const { leaseMs } = this.#init;
    // Each side tells the other three times a lease; a node has as long again to answer.
    const lease = createLease(2 * leaseMs);
    const unwanted = new AbortController();
    const ended = AbortSignal.any([unwanted.signal, lease.signal]);
    const wanted = AbortSignal.any([signal, ended]);
    const hear = reader.readMessage(0, { signal: wanted, onProgress: () => lease.renew() });
    void hear.catch(() => undefined).finally(() => unwanted.abort());
    let proven = 0;
    let said: Promise<void> = Promise.resolve();
    const say = (write: () => Promise<void>) => {
      said = said.then(write).catch(() => undefined);
      return said;
    };
    const beat = () => {
      taken.working();
      void say(() => writer.write(RECORD.progress, Uint8Array.of(Math.min(proven, 255))));
    };
    beat();
    const beats = setInterval(beat, leaseMs / BEATS_PER_LEASE);
    try {
      const receipt = await this.#components.prover.prove(request, wanted, (progress) => {
        proven = progress.proven;
      });
      await say(() => writer.writeMessage(encodeReceipt(receipt)));
      taken.done();
    } catch (error) {
      if (ended.aborted) throw new Unwanted();
      const code = error instanceof NmpError ? error.code : 'RECEIPT_PROVER';
      await say(() => writer.writeMessage(encodeFailure(code)));
      taken.again();
    } finally {
      clearInterval(beats);
      lease.end();
    }
  }
}

/** Proves until `signal` is aborted. */
export function runProverRole(
  components: ProverRoleComponents,
  init: ProverRoleInit,
  signal: AbortSignal,
): Promise<void> {
  return new ProverRole(components, init).run(signal);
}
