/**
 * A key service as AWS KMS documents it, behind a parent that carries its bytes. It gives the data
 * key to documents of the right measurement alone, none older than five minutes, sealed to the key
 * that the document names. The enclave's side opens with the code that ships; the vendor's SDK, TLS
 * and real time are left out.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Nsm } from '../../enclave/attest/nsm.ts';
import { openEnvelope } from '../../enclave/kms/cms.ts';
import type { Kms } from '../../enclave/kms/kms.ts';
import { kmsFailure } from '../../enclave/kms/service-error.ts';
import { ChainCache } from '../../shared/attestation/chain.ts';
import type { VerifierCrypto } from '../../shared/attestation/crypto.ts';
import { decodeAttestationDocument } from '../../shared/attestation/document.ts';
import { verifyAttestation } from '../../shared/attestation/verify.ts';
import { equalBytes } from '../../shared/bytes.ts';
import { NmpError } from '../../shared/errors.ts';
import { envelope } from '../support/envelope.ts';
import type { Fault } from './faults.ts';
import type { Choices } from './random.ts';
import { EPOCH_MS, type Scheduler } from './scheduler.ts';

const DOCUMENT_AGE_MS_MAX = 5 * 60_000;
/** After all its attempts. */
const TIMEOUT_MS = 15_000;
const WAY_MS = 4;

/** Made once a process: a key of its own for each request of a seed costs a second. */
const KEYS = Array.from({ length: 6 }, () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { spki: Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' })), privateKey };
});
const RELAYS = generateKeyPairSync('rsa', { modulusLength: 2048 });
const RELAYS_SPKI = Uint8Array.from(RELAYS.publicKey.export({ format: 'der', type: 'spki' }));
const chains = new ChainCache();

export interface KeyServiceComponents {
  readonly scheduler: Scheduler;
  readonly verifier: VerifierCrypto;
  readonly choices: Choices;
  readonly happens: (fault: Fault) => boolean;
  /** Sees all that the parent carries. */
  readonly observe: (bytes: Uint8Array) => void;
  readonly violation: (what: string) => void;
  /** Same hardware, other code. */
  readonly impostor: Pick<Nsm, 'attest'>;
}

export interface KeyServiceInit {
  /** DER, under which documents must verify. */
  readonly root: Uint8Array;
  /** That the key policy names, 48 bytes. */
  readonly pcr0: Uint8Array;
  readonly dataKey: Uint8Array;
}

class ServiceError extends Error {
  constructor(name: string) {
    super(name);
    this.name = name;
  }
}

export class KeyService {
  readonly #components: KeyServiceComponents;
  readonly #init: KeyServiceInit;
  readonly #documents: Uint8Array[] = [];
  readonly #answers: Uint8Array[] = [];
  #requests = 0;

  constructor(components: KeyServiceComponents, init: KeyServiceInit) {
    this.#components = components;
    this.#init = init;
  }

  /** The service as an enclave with this NSM reaches it. */
  connect(nsm: Pick<Nsm, 'attest'>): Kms {
    return { decrypt: () => this.#ask(nsm), close: () => undefined };
  }

  async #ask(nsm: Pick<Nsm, 'attest'>): Promise<Uint8Array> {
    const { scheduler } = this.#components;
    const key = KEYS[this.#requests++ % KEYS.length] ?? KEYS[0];
    if (key === undefined) throw new RangeError('no keys');
    const document = await nsm.attest({ publicKey: key.spki });
    await this.#tryImpostor();
    await scheduler.sleep(WAY_MS);
    let answer: Uint8Array;
    try {
      answer = await this.#carry(document);
    } catch (cause) {
      throw kmsFailure(cause);
    }
    await scheduler.sleep(WAY_MS);
    return openEnvelope(answer, key.privateKey);
  }

  /** The parent between the two. */
  async #carry(document: Uint8Array): Promise<Uint8Array> {
    const { scheduler, happens, observe, choices } = this.#components;
    observe(document);
    const past = this.#documents.at(-1);
    this.#documents.push(document);
    if (happens('kms-silent')) {
      await scheduler.sleep(TIMEOUT_MS);
      throw new ServiceError('TimeoutError');
    }
    let shown = document;
    if (happens('kms-replayed-document')) shown = past ?? document;
    if (happens('kms-swap-key')) shown = withRelaysKey(document);
    const answer = await this.#decrypt(shown);
    observe(answer);
    const before = this.#answers.at(-1);
    this.#answers.push(answer);
    if (before !== undefined && happens('kms-replayed-answer')) return before;
    if (!happens('kms-garbage')) return answer;
    const bit = choices.below(answer.length * 8);
    return answer.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
  }

  /** The service itself. @throws ServiceError by the names that KMS has */
  async #decrypt(document: Uint8Array): Promise<Uint8Array> {
    const { happens, choices, verifier, scheduler } = this.#components;
    const { root, pcr0, dataKey } = this.#init;
    if (happens('kms-denied')) throw new ServiceError('AccessDeniedException');
    const atMs = EPOCH_MS + scheduler.nowMs;
    const report = await verifyAttestation({ crypto: verifier, cache: chains }, document, {
      anchors: [{ id: 'simulation', kind: 'simulated', der: root }],
      atMs,
    });
    if (report.verdict !== 'pass') throw new ServiceError('ValidationException');
    const { pcrs, publicKey, timestampMs } = decodeAttestationDocument(document).document;
    const stated = pcrs.get(0);
    const old = atMs - timestampMs > DOCUMENT_AGE_MS_MAX;
    if (stated === undefined || !equalBytes(stated, pcr0) || old || publicKey === undefined) {
      throw new ServiceError('AccessDeniedException');
    }
    const plain = happens('kms-other-key') ? choices.bytes(dataKey.length) : dataKey;
    const key: KeyObject = createPublicKey({
      key: Buffer.from(publicKey),
      format: 'der',
      type: 'spki',
    });
    return envelope({ plain, publicKey: key });
  }

  /** Another program asks for the key beside the right one. */
  async #tryImpostor(): Promise<void> {
    const { happens, impostor, violation } = this.#components;
    if (!happens('kms-impostor')) return;
    const document = await impostor.attest({ publicKey: RELAYS_SPKI });
    try {
      await this.#decrypt(document);
    } catch (error) {
      if (error instanceof ServiceError) return;
      throw error;
    }
    violation('a data key was given to another measurement');
  }
}

/** The same document, but for the key that it names. */
function withRelaysKey(document: Uint8Array): Uint8Array {
  const { publicKey } = decodeAttestationDocument(document).document;
  if (publicKey === undefined || publicKey.length !== RELAYS_SPKI.length)
    throw new NmpError('INTERNAL');
  const out = Buffer.from(document);
  out.set(RELAYS_SPKI, out.indexOf(Buffer.from(publicKey)));
  return Uint8Array.from(out);
}
